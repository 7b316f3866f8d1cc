/// How a process ended: what waitid(2) said, or what kept it from running.
package enum ExitReason: Hashable, Sendable, Codable {
    /// It called exit with this code.
    case exited(code: Int32)
    /// A signal ended it; `dumpedCore` where the kernel wrote a core file.
    case signaled(Signal, dumpedCore: Bool)
    /// It was never started, or never reached its own first instruction.
    case failedToStart(StartFailure)
    /// It is gone and nobody can say how: it was not a child of this koomyd.
    case unknown

    package var isSuccess: Bool { self == .exited(code: 0) }
}

/// Why a worker never ran: which step failed, with what errno, on what.
package struct StartFailure: Hashable, Sendable, Codable {
    /// The step that failed.
    package enum Step: String, Hashable, Sendable, Codable, CaseIterable {
        case pipe, clone, cgroup, session, workingDirectory = "cwd", resourceLimit = "rlimit", priority = "nice"
        case oomScore = "oom_score_adj", groups, group, user, noNewPrivileges = "no_new_privs"
        case descriptors, standardStreams = "stdio", execute = "exec"
        /// The user, group or program was not found before anything was started.
        case lookup
    }

    package var step: Step
    /// The value of errno.
    package var errno: Int32
    /// The path, user or limit that it failed on.
    package var subject: String

    package init(step: Step, errno: Int32, subject: String) {
        self.step = step
        self.errno = errno
        self.subject = subject
    }
}

extension ExitReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal, let dumpedCore): "\(signal)\(dumpedCore ? " (core dumped)" : "")"
        case .failedToStart(let failure): failure.description
        case .unknown: "unknown"
        }
    }
}

extension StartFailure: CustomStringConvertible {
    /// As `cannot run /srv/api: No such file or directory`.
    package var description: String {
        let what =
            switch step {
            case .execute: "cannot run"
            case .lookup: "cannot find"
            case .workingDirectory: "cannot enter"
            case .clone: "cannot start a process for"
            case .pipe, .cgroup, .session, .resourceLimit, .priority, .oomScore, .groups, .group, .user,
                .noNewPrivileges,
                .descriptors, .standardStreams:
                "cannot set \(step.rawValue)"
            }
        return "\(what) \(subject): \(Self.text(of: errno))"
    }

    /// What the kernel means, for the errors that a start can have (errno(3)).
    private static func text(of errno: Int32) -> String {
        switch errno {
        case 1: "Operation not permitted"
        case 2: "No such file or directory"
        case 5: "Input/output error"
        case 7: "Argument list too long"
        case 8: "Exec format error"
        case 11: "Resource temporarily unavailable"
        case 12: "Cannot allocate memory"
        case 13: "Permission denied"
        case 17: "File exists"
        case 20: "Not a directory"
        case 21: "Is a directory"
        case 22: "Invalid argument"
        case 23: "Too many open files in system"
        case 24: "Too many open files"
        case 26: "Text file busy"
        case 28: "No space left on device"
        case 36: "File name too long"
        case 40: "Too many levels of symbolic links"
        default: "errno \(errno)"
        }
    }
}
