/// The program of a worker.
package struct Command: Hashable, Sendable, Codable {
    /// The program; without a slash it is looked for in `cwd`, then on the app's PATH.
    package var script: String
    /// Arguments of the program.
    ///
    /// `{fd}`, `{fd:name}`, `{probe_fd}` and `{slot}` are replaced at each start.
    package var arguments: [String]
    /// A program that runs the script; nil runs the script itself.
    package var interpreter: String?
    package var interpreterArguments: [String]

    package init(
        script: String,
        arguments: [String] = [],
        interpreter: String? = nil,
        interpreterArguments: [String] = []
    ) {
        self.script = script
        self.arguments = arguments
        self.interpreter = interpreter
        self.interpreterArguments = interpreterArguments
    }
}

/// Who a worker runs as; nil for the user of koomyd.
package struct Identity: Hashable, Sendable, Codable {
    /// A name of passwd(5), or a number.
    package var user: String?
    /// A name of group(5), or a number; the user's own group where nil.
    package var group: String?

    package init(user: String? = nil, group: String? = nil) {
        self.user = user
        self.group = group
    }
}

/// Kernel attributes of a worker's processes; nil leaves koomyd's own.
package struct ProcessAttributes: Hashable, Sendable, Codable {
    package var umask: UInt32?
    /// -20 to 19.
    package var nice: Int32?
    /// -1000 to 1000 (proc_pid_oom_score_adj(5)).
    package var oomScoreAdjust: Int32?
    package var noNewPrivileges = false
    package var limits: [ResourceLimit] = []

    package init() {}
}

/// One limit of setrlimit(2).
package struct ResourceLimit: Hashable, Sendable, Codable {
    package enum Resource: String, Hashable, Sendable, Codable, CaseIterable {
        case core, cpu, data, fsize, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack
        case addressSpace = "as"
        case locks
    }

    package var resource: Resource
    /// nil for no limit.
    package var soft: UInt64?
    package var hard: UInt64?

    package init(resource: Resource, soft: UInt64?, hard: UInt64?) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }
}

extension Command {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(script: try values.read(.script))
        try values.read(.arguments, into: &arguments)
        try values.read(.interpreter, into: &interpreter)
        try values.read(.interpreterArguments, into: &interpreterArguments)
    }
}

extension ProcessAttributes {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.umask, into: &umask)
        try values.read(.nice, into: &nice)
        try values.read(.oomScoreAdjust, into: &oomScoreAdjust)
        try values.read(.noNewPrivileges, into: &noNewPrivileges)
        try values.read(.limits, into: &limits)
    }
}
