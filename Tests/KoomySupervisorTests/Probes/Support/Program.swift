import KoomyModel
import KoomySystem
import TestSupport

/// A started program; it and everything that it started are killed when the last reference goes.
final class Program {
    let process: SpawnedProcess
    let mark: TreeMark
    private var isReaped = false

    var pid: KoomySystem.ProcessID { process.pid }

    /// The living processes that it consists of.
    var tree: [KoomySystem.ProcessID] { ProcessTree.members(mark).map(\.pid) }

    init(
        _ arguments: [String],
        environment: [String: String] = [:],
        folder: String? = nil,
        identity: ResolvedIdentity? = nil,
        descriptors: [SpawnRequest.Descriptor] = []
    ) throws {
        let name = arguments.first ?? ""
        var request = SpawnRequest(
            path: Binaries.installed(name) ?? name,
            arguments: arguments,
            environment: baseEnvironment().merging(environment) { $1 },
            workingDirectory: folder
        )
        request.processIDVariables = ["LISTEN_PID"]
        request.identity = identity
        // A test that fails may be looked into by what its programs say.
        request.descriptors = descriptors + [.init(2, as: 2)]
        process = try Spawner().spawn(request)
        mark = TreeMark(root: process.pid)
    }

    /// A Python program; what it is to do, line by line.
    static func python(
        _ lines: [String],
        environment: [String: String] = [:],
        identity: ResolvedIdentity? = nil,
        descriptors: [SpawnRequest.Descriptor] = []
    ) throws -> Program {
        try Program(
            ["python3", "-c", lines.joined(separator: "\n")],
            environment: environment,
            identity: identity,
            descriptors: descriptors
        )
    }

    isolated deinit {
        _ = try? eventually("its tree is killed") { ProcessTree.signal(.kill, mark).isEmpty }
        _ = try? eventually("\(pid) has ended") { hasEnded }
    }

    var hasEnded: Bool {
        if !isReaped { isReaped = (try? process.pidfd.reap()) != .some(nil) }
        return isReaped
    }
}
