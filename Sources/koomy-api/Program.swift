import CKoomyLinux
import Glibc
import KoomyWorker

/// The program from its arguments to its exit status.
enum Program {
    static let version = "0.1.0"
    /// EX_USAGE of sysexits(3).
    static let usageStatus: Int32 = 64
    /// Descriptors that are not connections: listeners, database, threads' wake-ups.
    private static let reservedDescriptors: Int32 = 128
    /// As many descriptors as are asked for; each connection takes one, and buffers.
    private static let wantedDescriptors: Int32 = 65_536

    static func run(arguments: [String], environment: (String) -> String?) -> Int32 {
        do throws(UsageError) {
            switch try Invocation(arguments: arguments, environment: environment) {
            case .show(let text):
                return koomy_worker_write_all(STDOUT_FILENO, text, text.utf8.count) == 0 ? 0 : 1
            case .serve(let options): return serve(options)
            }
        } catch {
            complain("\(error.message)\ntry koomy-api --help")
            return usageStatus
        }
    }

    private static func serve(_ options: Options) -> Int32 {
        // A client or a log reader that is gone is an error number, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let log = RequestLog(descriptor: STDOUT_FILENO)
        do {
            let worker = try Worker()
            if options.ignoresTermination {
                signal(SIGTERM, SIG_IGN)
                signal(SIGINT, SIG_IGN)
            }
            worker.status("starting")
            if worker.termination.wait(atMost: options.bootDelay) { return leaveEarly(worker) }
            return try serve(options, worker, log)
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func serve(_ options: Options, _ worker: Worker, _ log: RequestLog) throws -> Int32 {
        let listeners = try openListeners(options, worker)
        guard !listeners.isEmpty else {
            complain("nothing to listen on: no listener was inherited, and there is neither --listen nor PORT")
            return usageStatus
        }
        let store = try options.database.map { try WebhookStore(path: $0) }
        for listener in listeners + [worker.probe].compactMap(\.self) { try listener.makeNonblocking() }
        guard let application = Application(options: options, worker: worker, store: store, log: log) else {
            complain("cannot start the threads")
            return 1
        }
        if options.isNeverReady {
            worker.waitForTermination()
            return leaveEarly(worker)
        }
        let limit = max(koomy_worker_raise_descriptor_limit(wantedDescriptors) - reservedDescriptors, 16)
        let service = Service(
            worker: worker,
            application: application,
            listeners: listeners + [worker.probe].compactMap(\.self),
            log: log,
            linger: options.drainLinger
        )
        guard service.start(connectionLimit: UInt32(limit)) else {
            complain("cannot start the HTTP library")
            return 1
        }
        announce(listeners, options, log)
        worker.ready(status: "serving")
        if let time = options.failAfter {
            service.run(until: .now() + time)
            if !worker.termination.isRequested {
                complain("failing now, as --fail-after-ms asks")
                return 1
            }
        }
        service.run()
        log.write(.info, "left", [.init(name: "lateRequests", value: .integer(service.lateRequests))])
        return 0
    }

    /// The inherited listeners, else those of the command line.
    private static func openListeners(_ options: Options, _ worker: Worker) throws -> [Listener] {
        guard worker.listeners.isEmpty else { return worker.listeners }
        return try options.listen.map { address throws(WorkerError) in try Listener.bind(address) }
    }

    private static func announce(_ listeners: [Listener], _ options: Options, _ log: RequestLog) {
        for listener in listeners {
            log.write(
                .info,
                "listening",
                [
                    .init(name: "address", value: .string(listener.address)),
                    .init(name: "name", value: .string(listener.name)),
                    .init(name: "pid", value: .integer(getpid())),
                    .init(name: "version", value: .string(options.versionLabel)),
                ]
            )
        }
    }

    private static func leaveEarly(_ worker: Worker) -> Int32 {
        worker.stopping(status: "asked to leave before it was ready")
        return 0
    }

    private static func complain(_ text: String) {
        let line = "koomy-api: \(text)\n"
        _ = koomy_worker_write_all(STDERR_FILENO, line, line.utf8.count)
    }
}
