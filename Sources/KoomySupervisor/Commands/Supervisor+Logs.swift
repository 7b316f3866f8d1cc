import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire

/// What is asked of the logs of apps.
enum LogChange {
    /// The files are emptied.
    case flush
    /// The files are put aside.
    case rotate
}

/// The logs as users see them.
extension Supervisor {
    func perform(_ change: LogChange, _ apps: [AppName]) -> CommandResult {
        var paths: [String] = []
        for name in apps {
            guard let app = fleet.apps[name] else { continue }
            do throws(SystemError) {
                switch change {
                case .flush: paths += try logs.flush(app.spec)
                case .rotate: paths += try logs.rotate(app.spec)
                }
            } catch {
                return CommandResult(.internalError, message: "\(name): \(error)")
            }
        }
        let done =
            switch change {
            case .flush: "emptied"
            case .rotate: "put aside"
            }
        return CommandResult(
            .done,
            message: paths.isEmpty ? "no log has lines" : "\(done): \(paths.joined(separator: " "))"
        )
    }

    func logsView(_ spec: AppSpec) -> LogsView {
        let places = logs.places(spec).all
        func only(_ stream: LogStream) -> String? {
            let own = places.filter { $0.stream == stream }
            return own.count == 1 ? own.first?.path : nil
        }
        let format =
            switch spec.logs.format {
            case .raw: "raw"
            case .stamped: "stamped"
            case .json: "json"
            }
        let loss = logs.loss(spec)
        return LogsView(
            out: only(.out),
            error: only(.error),
            target: spec.logs.target.rawValue,
            format: format,
            dateFormat: spec.logs.format.dateFormat?.text,
            files: places.map { LogFileView(path: $0.path, stream: $0.stream?.rawValue ?? "all", slot: $0.slot) },
            trouble: logs.trouble(spec).map { "\($0)" },
            dropped: loss.bytes > 0 ? LogLossView(bytes: loss.bytes, lines: loss.lines) : nil
        )
    }

    /// What happens to log files.
    func hear(_ news: LogTable.News) {
        switch news {
        case .trouble(let error):
            announce(.logTrouble, "\(error); lines wait in the pipes of the workers as long as there is room")
        case .recovered(let path, let loss):
            announce(
                .logRecovered,
                "\(path) is written again; \(loss.bytes > 0 ? "lost are \(loss)" : "nothing is lost")"
            )
        case .cannotRotate(let path, let error):
            announce(.logTrouble, "\(path) cannot be put aside and goes on as it is: \(error)")
        case .cannotKeep(let path, let problem): log.warning("\(path): \(problem)")
        }
    }
}
