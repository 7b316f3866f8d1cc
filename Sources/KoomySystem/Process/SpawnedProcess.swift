import CKoomyLinux
import Glibc
package import KoomyModel

/// A process that was made, and the pipe that tells whether its program was loaded.
package struct SpawnedProcess: ~Copyable, Sendable {
    package let pid: ProcessID
    package var pidfd: Pidfd
    package var startup: StartupReport

    init(_ spawned: koomy_spawned, request: SpawnRequest) {
        pid = spawned.pid
        pidfd = Pidfd(pid: spawned.pid, owning: FileDescriptor(owning: spawned.pidfd))
        startup = StartupReport(pipe: FileDescriptor(owning: spawned.status), request: request)
    }

    /// The parts, each with an owner of its own.
    package consuming func split<Result: ~Copyable>(
        _ body: (consuming Pidfd, consuming StartupReport) -> Result
    ) -> Result {
        body(pidfd, startup)
    }
}

/// Whether a process got as far as its program.
package struct StartupReport: ~Copyable, Sendable {
    /// What is known now.
    package enum Outcome: Hashable, Sendable {
        case pending
        /// The program runs, unless the process was killed on the way; then waiting for it says so.
        case running
        /// The process has ended, or is about to, without having run the program.
        case failed(StartFailure)
    }

    /// Readable when the outcome is known.
    package let descriptor: FileDescriptor
    private let path: String
    private let workingDirectory: String?
    private let identity: ResolvedIdentity?

    init(pipe: consuming FileDescriptor, request: SpawnRequest) {
        descriptor = pipe
        path = request.path
        workingDirectory = request.workingDirectory
        identity = request.identity
    }

    /// Asks without waiting; ask again only while it is pending.
    package borrowing func read() throws(SystemError) -> Outcome {
        var failure = koomy_spawn_failure()
        let size = MemoryLayout<koomy_spawn_failure>.size
        let count = koomy_read(descriptor.number, &failure, size)
        if count == -Int(EAGAIN) { return .pending }
        // The child writes it in one piece, far below PIPE_BUF (pipe(7)).
        guard try check(count, "read the start report") == size else { return .running }
        let step = StartFailure.Step(failure.step)
        return .failed(StartFailure(step: step, errno: failure.error, subject: subject(of: step, failure)))
    }

    private borrowing func subject(of step: StartFailure.Step, _ failure: koomy_spawn_failure) -> String {
        switch step {
        case .workingDirectory: workingDirectory ?? ""
        case .resourceLimit: ResourceLimit.Resource(kernelNumber: failure.detail)?.rawValue ?? "\(failure.detail)"
        case .user: identity.map { "\($0.userID)" } ?? ""
        case .group: identity.map { "\($0.groupID)" } ?? ""
        case .groups: identity.map { $0.groups.map(String.init).joined(separator: ",") } ?? ""
        case .descriptors: "\(failure.detail)"
        case .execute where failure.error == ENOENT: missingInterpreter ?? path
        case .pipe, .clone, .cgroup, .session, .priority, .oomScore, .noNewPrivileges, .standardStreams, .execute,
            .lookup:
            path
        }
    }

    /// execve(2) says ENOENT for a script that is there too, where its interpreter is not.
    private var missingInterpreter: String? {
        guard path.hasPrefix("/"), let interpreter = ScriptInterpreter.named(in: path) else { return nil }
        return "\(path): its interpreter \(interpreter)"
    }
}

extension StartFailure.Step {
    init(_ step: Int32) {
        switch UInt32(bitPattern: step) {
        case KOOMY_STEP_PIPE.rawValue: self = .pipe
        case KOOMY_STEP_CLONE.rawValue: self = .clone
        case KOOMY_STEP_CGROUP.rawValue: self = .cgroup
        case KOOMY_STEP_SESSION.rawValue: self = .session
        case KOOMY_STEP_OOM_SCORE.rawValue: self = .oomScore
        case KOOMY_STEP_DESCRIPTORS.rawValue: self = .descriptors
        case KOOMY_STEP_NICE.rawValue: self = .priority
        case KOOMY_STEP_RLIMIT.rawValue: self = .resourceLimit
        case KOOMY_STEP_GROUPS.rawValue: self = .groups
        case KOOMY_STEP_GROUP.rawValue: self = .group
        case KOOMY_STEP_USER.rawValue: self = .user
        case KOOMY_STEP_NO_NEW_PRIVS.rawValue: self = .noNewPrivileges
        case KOOMY_STEP_CWD.rawValue: self = .workingDirectory
        default: self = .execute
        }
    }
}
