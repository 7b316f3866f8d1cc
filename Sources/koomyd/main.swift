import Glibc
import KoomyModel
import KoomySupervisor
import KoomySystem

/// What the command line asks for.
enum Invocation {
    case help, version
    case daemon
    case foreground(file: String)
    /// What koomyd starts for itself: the process that keeps descriptors.
    case keep(path: String)
    case wrong(String)

    init(_ arguments: [String]) {
        switch arguments.count {
        case 0: self = .daemon
        case 1 where ["-h", "--help"].contains(arguments[0]): self = .help
        case 1 where ["-V", "--version"].contains(arguments[0]): self = .version
        case 2 where arguments[0] == "--foreground": self = .foreground(file: arguments[1])
        case 2 where arguments[0] == "--keep": self = .keep(path: arguments[1])
        case 1 where arguments[0].hasPrefix("--foreground="):
            self = .foreground(file: String(arguments[0].dropFirst(13)))
        case 1 where arguments[0] == "--foreground": self = .wrong("--foreground needs an ecosystem file")
        default: self = .wrong("unknown argument: \(arguments.joined(separator: " "))")
        }
    }
}

let help = """
    usage: koomyd                      run as a daemon, with the apps that were wanted last
           koomyd --foreground FILE    run the apps of one ecosystem file, logs to standard output
           koomyd --version | --help

    koomyd supervises the workers of API servers; koomyctl drives it.

    Folders: as root /etc/koomy, /run/koomy, /var/lib/koomy, /var/log/koomy; as a user the XDG folders; with KOOMY_HOME
    set everything is below it.
    Signals: HUP reads every file again and reloads, TERM and INT drain every worker and leave (asked again: at once),
    QUIT kills every worker and leaves, USR1 opens the logs again; in the foreground USR2 goes to every worker.
    Exit status: 0 left as asked; 64 wrong arguments; 65 the file has problems, or a later koomyd wrote the state;
    70 koomyd cannot run; in the foreground also 1 when an app has failed and 4 when nothing could be started.

    """

func run(_ setting: Supervisor.Setting) -> Int32 {
    do {
        return try Daemon(setting).run()
    } catch {
        StandardStream.error.write(Array("koomyd: \(error)\n".utf8))
        return 70
    }
}

func main() -> Int32 {
    switch Invocation(Array(CommandLine.arguments.dropFirst())) {
    case .help:
        StandardStream.output.write(Array(help.utf8))
        return 0
    case .version:
        StandardStream.output.write(Array("koomyd \(Version.current)\n".utf8))
        return 0
    case .wrong(let words):
        StandardStream.error.write(Array("koomyd: \(words)\nTry koomyd --help.\n".utf8))
        return 64
    case .keep(let path): return keep(path)
    case .daemon: return start(foreground: nil)
    case .foreground(let file): return start(foreground: ThisProcess.absolutePath(file))
    }
}

/// The listening socket is the first descriptor after the standard ones.
func keep(_ path: String) -> Int32 {
    do {
        try? ThisProcess.setName("koomy-keeper")
        try Keeper(path: path, listener: FileDescriptor(owning: 3)).run()
        return 0
    } catch {
        StandardStream.error.write(Array("koomyd: \(error)\n".utf8))
        return 70
    }
}

func start(foreground file: String?) -> Int32 {
    let environment = ThisProcess.environment
    do {
        var setting = Supervisor.Setting(
            directories: try Directories(environment: environment),
            environment: environment
        )
        setting.foregroundFile = file
        return run(setting)
    } catch {
        StandardStream.error.write(Array("koomyd: \(error)\n".utf8))
        return 70
    }
}

exit(main())
