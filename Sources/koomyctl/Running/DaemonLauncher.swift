import Glibc
import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// Starts the user's own koomyd in the background.
struct DaemonLauncher {
    enum Outcome {
        /// It answers; it is not ours where somebody else has started one at the same moment.
        case running(ProcessID, isOurs: Bool)
        case failed(ErrorView)
    }

    let environment: [String: String]
    private var client: ControlClient
    let directories: Directories

    /// How long a daemon may take until it answers.
    private static let patience = TimeSpan.seconds(10)

    /// What a service manager told us, or a worker that koomyctl was called from; it is not meant for the daemon.
    private static let notOurs: Set<String> = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
        "JOURNAL_STREAM",
        "INVOCATION_ID", "SYSTEMD_EXEC_PID", "MANAGERPID", "KOOMY_APP", "KOOMY_SLOT", "KOOMY_GENERATION",
        "KOOMY_WORKER",
        "PORT", "NODE_APP_INSTANCE",
    ]

    /// Where the daemon's own log, and what it says before it has one, goes.
    var logPath: String { "\(directories.log)/koomyd.log" }

    init(environment: [String: String], client: ControlClient, directories: Directories) {
        self.environment = environment
        self.client = client
        // Here it is asked again and again, and the process tells when to stop.
        self.client.contactPatience = .zero
        self.directories = directories
    }

    /// How a koomyd is started here, as a command.
    static func advice(_ environment: [String: String]) -> String {
        isLeftToSystemd(environment) ? "systemctl start koomyd" : "koomyctl daemon start"
    }

    private static func isLeftToSystemd(_ environment: [String: String]) -> Bool {
        guard ThisProcess.isRoot, (environment["KOOMY_HOME"] ?? "").isEmpty, Files.isFolder("/run/systemd/system")
        else { return false }
        let folders = [
            "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
        ]
        return folders.contains { Files.exists("\($0)/koomyd.service") }
    }

    /// Why koomyd should not be started from here; nil where it may.
    func objection() -> ErrorView? {
        guard Self.isLeftToSystemd(environment) else { return nil }
        return ErrorView(
            .noDaemon,
            message: "koomyd is not running, and belongs to systemd here",
            hint: Self.advice(environment)
        )
    }

    /// Starts koomyd and waits until it answers.
    ///
    /// - Returns: Its process, or why there is none.
    func launch() throws(SystemError) -> Outcome {
        try directories.prepare()
        let log = try FileDescriptor.appending(to: logPath, mode: 0o640)
        let inherited = environment.filter { !Self.notOurs.contains($0.key) }
        var request = SpawnRequest(path: try program(), arguments: ["koomyd"], environment: inherited)
        request.workingDirectory = "/"
        request.descriptors = [.init(log.number, as: 2)]
        let begin = Int64(Files.status(logPath)?.st_size ?? 0)
        let spawner = try Spawner()
        let process: SpawnedProcess
        do {
            process = try spawner.spawn(request)
        } catch {
            let why = ExitReason.failedToStart(error)
            return .failed(ErrorView(.internalError, message: "cannot start koomyd: \(why)"))
        }
        return try wait(for: process, logFrom: begin)
    }

    /// Beside this program, as they are installed and built; else on PATH.
    private func program() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        if length > 0 {
            let own = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let beside = String(own.prefix(upTo: own.lastIndex(of: "/") ?? own.startIndex)) + "/koomyd"
            if Files.isProgram(beside) { return beside }
        }
        for folder in (environment["PATH"] ?? ProgramSearch.defaultPath).split(separator: ":")
        where folder.hasPrefix("/") {
            let path = "\(folder)/koomyd"
            if Files.isProgram(path) { return path }
        }
        throw SystemError("find koomyd", .noSuchFile, hint: "it is neither beside koomyctl nor on PATH")
    }

    private func wait(
        for process: borrowing SpawnedProcess,
        logFrom begin: Int64
    ) throws(SystemError) -> Outcome {
        let deadline = MonotonicClock.now() + Self.patience
        var end: ExitReason?
        while MonotonicClock.now() < deadline {
            // The lock before the question: who lets go of it after answering had answered.
            let isStarting = LockState(of: directories.lockFile) != .free
            if let status = try? client.status() {
                return .running(status.daemon.pid, isOurs: status.daemon.pid == process.pid)
            }
            if let end, !isStarting { return .failed(try failed(process, end, from: begin)) }
            // Somebody else may have started one at the same moment: it has the lock, and ours has left it alone.
            if end == nil { end = try process.pidfd.reap() }
            _ = poll(nil, 0, 10)
        }
        let who = end == nil ? "it (pid \(process.pid))" : "another koomyd, which was started at the same moment,"
        return .failed(failed("\(who) did not answer within \(Self.patience)", from: begin))
    }

    private func failed(
        _ process: borrowing SpawnedProcess,
        _ end: ExitReason,
        from begin: Int64
    ) throws(SystemError) -> ErrorView {
        if case .failed(let failure) = try process.startup.read() {
            return failed("\(ExitReason.failedToStart(failure))", from: begin)
        }
        return failed("it ended at once: \(end)", from: begin)
    }

    private func failed(_ why: String, from begin: Int64) -> ErrorView {
        let tail = logTail(from: begin)
        let said = tail.isEmpty ? "" : "\n" + tail.map { "  \($0)" }.joined(separator: "\n")
        return ErrorView(.noDaemon, message: "koomyd did not come up: \(why)\(said)", hint: "see \(logPath)")
    }

    /// What the daemon has logged since, at most the last ten lines.
    private func logTail(from begin: Int64) -> [String] {
        guard let bytes = try? WholeFile.read(logPath, most: 64 << 20) else { return [] }
        return bytes.dropFirst(Int(begin)).split(separator: 0x0A).suffix(10).map { String(decoding: $0, as: UTF8.self) }
    }
}
