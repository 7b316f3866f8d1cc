import Glibc
import KoomyModel
import KoomySupervisor
import KoomySystem

/// What the command line asks for.
enum Invocation {
    case help, version
    case daemon
    case foreground(file: String)
    /// Tells whether the state, as it is or in a descriptor, can be gone on with.
    case checkState(descriptor: Int32?)
    /// Goes on in the process of another koomyd.
    case resume(memory: Int32, previous: Int32?, fallback: String?)
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
        case 1 where arguments[0] == "--check-state": self = .checkState(descriptor: nil)
        case 2 where arguments[0] == "--check-state":
            self = Int32(arguments[1]).map { .checkState(descriptor: $0) } ?? .wrong("--check-state takes a number")
        case 4 where arguments[0] == "--resume" && ["--previous", "--fallback"].contains(arguments[2]):
            guard let memory = Int32(arguments[1]) else {
                self = .wrong("--resume takes a number")
                return
            }
            let isFallback = arguments[2] == "--fallback"
            self = .resume(
                memory: memory,
                previous: isFallback ? nil : Int32(arguments[3]),
                fallback: isFallback ? arguments[3] : nil
            )
        default: self = .wrong("unknown argument: \(arguments.joined(separator: " "))")
        }
    }
}

let help = """
    usage: koomyd                      run as a daemon, with the apps that were wanted last
           koomyd --foreground FILE    run the apps of one ecosystem file, logs to standard output
           koomyd --check-state        say whether this koomyd can go on with the state of the one that runs
           koomyd --version | --help

    koomyd supervises the workers of API servers; koomyctl drives it.

    Folders: as root /etc/koomy, /run/koomy, /var/lib/koomy, /var/log/koomy; as a user the XDG folders; with KOOMY_HOME
    set everything is below it.
    Signals: HUP reads every file again and reloads, TERM and INT drain every worker and leave (asked again: at once),
    QUIT kills every worker and leaves, USR1 opens the logs again; in the foreground USR2 goes to every worker.
    Exit status: 0 left as asked; 64 wrong arguments; 65 the file has problems, or a later koomyd wrote the state;
    70 koomyd cannot run; in the foreground also 1 when an app has failed and 4 when nothing could be started.

    """

func serve(_ daemon: Daemon) -> Int32 {
    do {
        return try daemon.serve()
    } catch {
        StandardStream.error.write(Array("koomyd: \(error)\n".utf8))
        return 70
    }
}

func run(_ daemon: () throws -> Daemon) -> Int32 {
    do {
        let daemon = try daemon()
        return try daemon.begin() ?? serve(daemon)
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
    case .checkState(let descriptor): return checkState(descriptor)
    case .resume(let memory, let previous, let fallback): return resume(memory, previous, fallback)
    case .keep(let path): return keep(path)
    case .daemon: return start(foreground: nil)
    case .foreground(let file): return start(foreground: ThisProcess.absolutePath(file))
    }
}

/// Says on standard output what it could go on with, or on standard error why not.
func checkState(_ descriptor: Int32?) -> Int32 {
    do {
        let words = try StateProof.words(descriptor, environment: ThisProcess.environment)
        StandardStream.output.write(Array("\(words)\n".utf8))
        return 0
    } catch {
        StandardStream.error.write(Array("\(error)\n".utf8))
        return 65
    }
}

/// Goes on where the koomyd that ran in this process was; where that cannot be, it is run again.
func resume(_ memory: Int32, _ previous: Int32?, _ fallback: String?) -> Int32 {
    let environment = ThisProcess.environment
    try? ThisProcess.setName("koomyd")
    let takeover: Takeover
    let setting: Supervisor.Setting
    do {
        setting = Supervisor.Setting(directories: try Directories(environment: environment), environment: environment)
        takeover = try Takeover(memory: memory, previous: previous, fallback: fallback)
    } catch {
        StandardStream.error.write(Array("koomyd: \(error)\n".utf8))
        guard let previous else { return 70 }
        let arguments = ["koomyd", "--resume", "\(memory)", "--fallback", "\(error)"]
        let failure = ThisProcess.execute(
            FileDescriptor(owning: previous),
            arguments: arguments,
            environment: environment
        )
        StandardStream.error.write(Array("koomyd: \(failure)\n".utf8))
        return 70
    }
    let daemon: Daemon
    do {
        daemon = try Daemon(setting, takeover: takeover)
        if let status = try daemon.begin() { return status }
    } catch {
        // What was handed over is partly taken by now; from the start, with the journal, there is another way.
        let failure = ThisProcess.execute("/proc/self/exe", arguments: ["koomyd"], environment: environment)
        StandardStream.error.write(Array("koomyd: \(error); \(failure)\n".utf8))
        return 70
    }
    return serve(daemon)
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
        return run { try Daemon(setting) }
    } catch {
        StandardStream.error.write(Array("koomyd: \(error)\n".utf8))
        return 70
    }
}

exit(main())
