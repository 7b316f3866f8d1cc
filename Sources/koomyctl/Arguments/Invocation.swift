import KoomyModel
import KoomyWire

/// A command line, understood.
struct Invocation: Equatable {
    var action: Action
    var options = GlobalOptions()
}

/// What koomyctl is to do.
enum Action: Equatable {
    /// `words` are files or apps; which, only the disk and the daemon can tell.
    case start(words: [String], only: [String]?)
    case stop([Target])
    case restart([Target])
    case reload(words: [String])
    case deploy(DeployWish)
    /// `to` is a release or a generation, as it was typed.
    case rollback(AppName, to: String?)
    case history(HistoryWish)
    case pause([Target])
    case resume([Target])
    case promote([Target])
    case abort([Target])
    case verify(VerifyRequest)
    case status([AppName])
    case describe([AppName])
    case scale(AppName, instances: String)
    case delete([Target])
    case reset([Target])
    case logs(LogsRequest)
    case flush([Target])
    case rotate([Target])
    case reopen
    case events(follow: Bool, since: UInt64?)
    case validate(file: String)
    case daemon(DaemonAction)
    case doctor
    case version
    /// Help for one command, or for all.
    case help(CommandName?)
}

/// What is to become of koomyd itself.
enum DaemonAction: Equatable {
    case start
    case stop(leavesWorkers: Bool)
    case status
    /// `binary` as it was typed.
    case upgrade(binary: String?)

    /// The words after `daemon`.
    enum Verb: String, CaseIterable {
        case start, stop, status, upgrade

        /// The options that it has beside the global ones.
        var options: [Option] {
            switch self {
            case .stop: [.leaveWorkers]
            case .upgrade: [.binary]
            case .start, .status: []
            }
        }
    }
}

/// What every command understands.
struct GlobalOptions: Equatable {
    var json = false
    var quiet = false
    var noColor = false
    /// nil for the place that the environment implies.
    var socketPath: String?
    /// nil for as long as it takes.
    var timeout: TimeSpan?
}

/// Why a command line is not understood.
struct UsageError: Error, Equatable {
    var message: String
    /// `did you mean …?` or how it would be right.
    var hint: String?
    /// The command whose help tells more.
    var command: CommandName?
}
