import CKoomyLinux
import Glibc
import KoomyWorker
import TestSupport

/// How a child ended.
enum Ending: Hashable {
    case exited(Int32)
    case killed(Int32)
}

/// A program that a test started; killed with the value if it still runs.
final class Child {
    let pid: pid_t
    let output: String
    let errors: String
    private var ending: Ending?

    /// The path of a program that was built together with the tests.
    static func product(_ name: String) throws -> String { try Binaries.path(name) }

    /// Starts a program that gets these listeners as LISTEN_FDS.
    ///
    /// The shell in between knows the process id before the program runs, for LISTEN_PID.
    init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        listeners: [(socket: Int32, name: String)] = [],
        folder: ScratchFolder,
        name: String = "child"
    ) throws {
        output = folder.file("\(name).out")
        errors = folder.file("\(name).err")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        for (index, listener) in listeners.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, listener.socket, 3 + Int32(index))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"]
        if !listeners.isEmpty {
            variables["LISTEN_FDS"] = String(listeners.count)
            variables["LISTEN_FDNAMES"] = listeners.map(\.name).joined(separator: ":")
        }
        variables.merge(environment) { $1 }
        let set = listeners.isEmpty ? "" : "export LISTEN_PID=$$; "
        let words = ["/bin/sh", "-c", "\(set)exec \"$0\" \"$@\"", program] + arguments
        var argv = words.map { strdup($0) } + [nil]
        var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var child = pid_t()
        let result = posix_spawn(&child, "/bin/sh", &actions, &attributes, &argv, &envp)
        guard result == 0 else { throw TimedOut(description: "posix_spawn: \(result)") }
        pid = child
    }

    deinit {
        guard ending == nil else { return }
        Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    func signal(_ number: Int32) { Glibc.kill(pid, number) }

    /// How it ended; nil while it runs.
    func poll() -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
        return ending
    }

    func waitForEnd(within limit: Duration = .seconds(15)) throws -> Ending {
        try eventually("the end of \(pid)", within: limit) { poll() }
    }

    /// TERM, then its end.
    func terminate(within limit: Duration = .seconds(15)) throws -> Ending {
        signal(SIGTERM)
        return try waitForEnd(within: limit)
    }
}
