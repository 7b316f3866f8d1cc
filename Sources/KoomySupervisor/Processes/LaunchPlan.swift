import KoomyModel
import KoomySystem

/// A worker's start with everything looked up: the program, the user, the descriptors and their numbers.
struct LaunchPlan {
    /// The descriptor that the first listener gets (sd_listen_fds(3)).
    static let firstListener: Int32 = 3

    /// What the worker inherits besides its standard streams, in the order of their numbers from 3.
    struct Inherited {
        var listeners: [(name: String, descriptor: Int32)]
        var probe: Int32?
        var line: Int32?
    }

    var request: SpawnRequest
    let identity: ResolvedIdentity?

    /// Looks up everything that a worker's start needs.
    ///
    /// - Parameters:
    ///   - id: Who it is to be.
    ///   - slot: Its place.
    ///   - generation: Whose specification it is.
    ///   - spec: What it is started from.
    ///   - port: What PORT says; nil where the app has none.
    ///   - own: koomyd's environment.
    ///   - inherited: Descriptors of ours that it gets.
    ///   - streams: The write ends for its standard output and error.
    ///   - notifySocket: Where it sends its notifications.
    /// - Throws: What is missing: the user, the program, a free descriptor.
    init(
        id: WorkerID,
        slot: Int,
        generation: Generation,
        spec: AppSpec,
        port: UInt16?,
        own: [String: String],
        inherited: Inherited,
        streams: (out: Int32, error: Int32)?,
        notifySocket: String
    ) throws(StartFailure) {
        identity = try Self.resolve(spec.identity)
        var environment = WorkerEnvironment.base(spec, identity: identity, own: own)
        let path = environment["PATH"]
        environment.merge(WorkerEnvironment.own(id, slot: slot, generation, spec, port: port)) { $1 }
        environment["NOTIFY_SOCKET"] = notifySocket

        var named = inherited.listeners
        if let probe = inherited.probe { named.append(("probe", probe)) }
        var moves = named.enumerated().map { index, entry in
            SpawnRequest.Descriptor(entry.descriptor, as: Self.firstListener + Int32(index))
        }
        if !named.isEmpty {
            environment["LISTEN_FDS"] = "\(named.count)"
            environment["LISTEN_FDNAMES"] = named.map(\.name).joined(separator: ":")
        }
        if let streams { moves += [.init(streams.out, as: 1), .init(streams.error, as: 2)] }
        if let line = inherited.line {
            let free = Self.firstListener + Int32(named.count)
            var target = free
            if case .descriptor(let number) = spec.readiness {
                guard number >= free else {
                    throw StartFailure(step: .descriptors, errno: 17, subject: "\(number), which a listener has")
                }
                target = number
            } else {
                environment["NODE_CHANNEL_FD"] = "\(target)"
                environment["NODE_CHANNEL_SERIALIZATION_MODE"] = "json"
            }
            moves.append(.init(line, as: target))
        }

        let command = spec.command
        let program: String
        var arguments: [String]
        let substitution = Substitution(slot: slot, names: named.map(\.name))
        do throws(SystemError) {
            if let interpreter = command.interpreter {
                let script = try ProgramSearch.findScript(command.script, in: spec.workingDirectory)
                program = try ProgramSearch.find(interpreter, in: spec.workingDirectory, path: path)
                arguments = [interpreter] + command.interpreterArguments + [script]
            } else {
                program = try ProgramSearch.find(command.script, in: spec.workingDirectory, path: path)
                arguments = [command.script]
            }
        } catch {
            throw StartFailure(step: .lookup, errno: error.errno.number, subject: error.subject ?? command.script)
        }
        arguments += command.arguments.map(substitution.apply)
        request = SpawnRequest(
            path: program,
            arguments: arguments,
            environment: environment,
            workingDirectory: spec.workingDirectory
        )
        request.identity = identity
        request.descriptors = moves
        request.attributes = spec.attributes
        if !named.isEmpty { request.processIDVariables.append("LISTEN_PID") }
        if spec.watchdog != nil { request.processIDVariables.append("WATCHDOG_PID") }
    }

    static func resolve(_ identity: Identity) throws(StartFailure) -> ResolvedIdentity? {
        do throws(SystemError) {
            return try Accounts.resolve(identity)
        } catch {
            throw StartFailure(step: .lookup, errno: error.errno.number, subject: error.subject ?? "user")
        }
    }
}

/// The replacement of `{fd}`, `{fd:name}`, `{probe_fd}` and `{slot}` in arguments.
struct Substitution {
    let slot: Int
    /// Names of the passed sockets in the order of their descriptors.
    let names: [String]

    func apply(_ text: String) -> String {
        guard text.contains("{") else { return text }
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            let word = rest[rest.index(after: open)..<close]
            result += value(of: word) ?? String(rest[open...close])
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private func value(of word: Substring) -> String? {
        if word == "slot" { return "\(slot)" }
        if word == "fd" { return names.isEmpty ? nil : "\(LaunchPlan.firstListener)" }
        let name = word == "probe_fd" ? "probe" : word.hasPrefix("fd:") ? String(word.dropFirst(3)) : nil
        guard let name, let index = names.firstIndex(of: name) else { return nil }
        return "\(LaunchPlan.firstListener + Int32(index))"
    }
}
