package import KoomyModel

/// What operators want, as it is kept on disk: it alone decides what a new koomyd starts.
package struct DesiredState: Hashable, Sendable, Codable {
    /// Of the file's format.
    package static let currentVersion = 1

    package var version = currentVersion
    /// Raised by each write, so that of two states the later one is known.
    package var revision: UInt64 = 0
    /// By name, so that a file is compared easily.
    package var apps: [DesiredApp] = []

    package init() {}

    package subscript(_ name: AppName) -> DesiredApp? {
        get { apps.first { $0.spec.name == name } }
        set {
            apps.removeAll { $0.spec.name == name }
            if let newValue { apps.append(newValue) }
            apps.sort { $0.spec.name < $1.spec.name }
        }
    }
}

extension DesiredState {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        version = try values.read(.version)
        // Without apps it is no state: to forget all of them would be worse than to read nothing.
        apps = try values.read(.apps)
        try values.read(.revision, into: &revision)
    }
}

/// One app in the desired state.
package struct DesiredApp: Hashable, Sendable, Codable {
    package enum Goal: String, Hashable, Sendable, Codable { case running, stopped }

    package var spec: AppSpec
    /// The file that it came from; absolute.
    package var file: String?
    package var goal: Goal
    package var generation: Generation
    /// Slots that an operator stopped one by one, in order.
    package var stoppedSlots: [Int] = []
    /// What served before, the last first; for the way back.
    package var past: [PastVersion] = []
    /// The file's own number of instances, where an operator has scaled the app since; nil where the file's holds.
    package var fileInstances: Int?

    package init(spec: AppSpec, file: String?, goal: Goal, generation: Generation) {
        self.spec = spec
        self.file = file
        self.goal = goal
        self.generation = generation
    }
}

extension DesiredApp {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            spec: try values.read(.spec),
            file: nil,
            goal: try values.read(.goal),
            generation: try values.read(.generation)
        )
        try values.read(.file, into: &file)
        try values.read(.stoppedSlots, into: &stoppedSlots)
        try values.read(.fileInstances, into: &fileInstances)
        try values.read(.past, into: &past)
    }
}

/// Code and configuration that an app was served by.
package struct PastVersion: Hashable, Sendable, Codable {
    package var spec: AppSpec
    package var generation: Generation
}

extension DesiredApp {
    /// As many as can be gone back to, where the app's file does not say how many releases are kept.
    private static let memory = 5

    /// Another version serves; the one before it is remembered where it differs.
    mutating func advance(to spec: AppSpec, _ generation: Generation) {
        if !self.spec.isSameVersion(as: spec) {
            past.removeAll { $0.spec.isSameVersion(as: spec) || $0.spec.isSameVersion(as: self.spec) }
            past.insert(PastVersion(spec: self.spec, generation: self.generation), at: 0)
            past = Array(past.prefix(max(1, (spec.deploy?.keep ?? Self.memory) - 1)))
        }
        self.spec = spec
        self.generation = generation
    }
}

extension AppSpec {
    /// Whether going from one to the other changes more than how many workers there are.
    fileprivate func isSameVersion(as other: AppSpec) -> Bool {
        var other = other
        other.instances = instances
        return self == other
    }
}

/// One write of the desired state, so that a late answer is not taken for another's.
package struct Ticket: Hashable, Sendable, Codable {
    package var number: UInt64
}

/// What has to succeed before a change takes effect: all of it, or nothing of it stays.
package struct Preparation: Hashable, Sendable, Codable {
    package struct Listeners: Hashable, Sendable, Codable {
        package var app: AppName
        package var generation: Generation
        package var specs: [ListenerSpec]
    }

    /// To be opened first; those that are open already are shared.
    package var listeners: [Listeners]
    /// To be durable then; nil where nothing changes.
    package var desired: DesiredState?
}

/// Why a preparation failed; nothing of it has stayed.
package enum PreparationFailure: Hashable, Sendable, Codable {
    case listen(AppName, String)
    case save(String)
}
