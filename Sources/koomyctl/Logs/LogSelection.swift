import KoomyModel
import KoomyWire

/// Why logs cannot be shown as was asked for.
struct LogRefusal: Error, Equatable {
    var view: ErrorView
}

/// Which files are read for a command line, and which lines of them are wanted.
struct LogSelection {
    struct Input: Equatable {
        var origin: LogOrigin
        var path: String
        var format: LineFormat
        /// Of these slots, where they share the file; nil for all.
        var slots: Set<Int>?
        /// Of this stream, where both share the file.
        var stream: LogStream?
    }

    private(set) var inputs: [Input] = []
    /// Apps whose lines are in the systemd journal.
    private(set) var journals: [String] = []
    /// What is worth knowing.
    private(set) var notes: [String] = []
    private let request: LogsRequest

    /// - Throws: What of the request does not fit the apps.
    init(_ request: LogsRequest, among apps: [AppView]) throws(LogRefusal) {
        self.request = request
        for (app, slots) in wanted(apps) { try add(app, slots) }
        // Two apps may write to one file.
        var seen: Set<String> = []
        inputs = inputs.filter { seen.insert($0.path).inserted }
    }

    /// The apps that the targets name, with their slots; nil for all slots.
    private func wanted(_ apps: [AppView]) -> [(AppView, Set<Int>?)] {
        guard !request.targets.isEmpty else { return apps.map { ($0, nil) } }
        return apps.compactMap { app in
            var slots: Set<Int>? = []
            for target in request.targets {
                switch target {
                case .all: slots = nil
                case .app(let name): if name.text == app.name { slots = nil }
                case .worker(let name, let slot): if name.text == app.name { slots?.insert(slot) }
                }
            }
            return slots?.isEmpty == true ? nil : (app, slots)
        }
    }

    private mutating func add(_ app: AppView, _ slots: Set<Int>?) throws(LogRefusal) {
        let logs = app.logs
        if let loss = logs.dropped, loss.lines > 0 || loss.bytes > 0 {
            notes.append("\(app.name): \(Quantity.counted(Int(clamping: loss.lines), "line")) were not written")
        }
        if let trouble = logs.trouble { notes.append("\(app.name): the disk does not take lines: \(trouble)") }
        switch logs.target {
        case LogTarget.none.rawValue:
            notes.append("\(app.name): its lines are not kept (its log target is none)")
            return
        case LogTarget.journald.rawValue:
            if slots != nil || request.generation != nil || request.streams.count < 2 {
                let message = "the lines of \(app.name) are in the journal, which knows neither slot nor stream"
                throw LogRefusal(.usage, message, "koomyctl logs \(app.name), or journalctl -t \(app.name)")
            }
            journals.append(app.name)
            return
        default: break
        }
        // What a worker writes by itself, koomyd does not stamp.
        let isDirect = logs.target == LogTarget.direct.rawValue
        let format = isDirect ? LineFormat.raw : LineFormat((logs.format, logs.dateFormat))
        if let slot = slots?.min(where: { !Self.has($0, app) }) {
            throw LogRefusal(.noSuchWorker, "\(app.name) has no slot \(slot)", "koomyctl status \(app.name)")
        }
        let files = try files(of: app, format)
        if !files.isEmpty { try check(format, of: app) }
        for file in files {
            var input = file
            if let slots {
                if let own = file.origin.slot {
                    guard slots.contains(own) else { continue }
                } else {
                    guard format == .json else { throw Self.mixed(app) }
                    input.slots = slots
                }
            }
            inputs.append(input)
        }
    }

    private static func has(_ slot: Int, _ app: AppView) -> Bool {
        slot < app.instances || app.workers.contains { $0.slot == slot }
            || (app.logs.files ?? []).contains { $0.slot == slot }
    }

    private static func mixed(_ app: AppView) -> LogRefusal {
        LogRefusal(
            .usage,
            "the lines of all slots of \(app.name) are in the same file, and do not say whose they are",
            "set merge_logs: false for files of their own, or log: {format: json}, and reload"
        )
    }

    /// Whether what chooses lines can be found in them.
    private func check(_ format: LineFormat, of app: AppView) throws(LogRefusal) {
        if request.generation != nil, format != .json {
            let message = "the lines of \(app.name) do not say of which generation they are"
            throw LogRefusal(.usage, message, "set log: {format: json}, and reload")
        }
        guard request.since != nil || request.until != nil else { return }
        switch format {
        case .json: return
        case .stamped(let format):
            do throws(StampProblem) {
                _ = try StampReader(format)
            } catch {
                throw LogRefusal(.usage, "\(app.name): \(error.message)", error.hint)
            }
        case .raw, .unknown:
            let option = request.since == nil ? Option.until : .since
            throw LogRefusal(
                .usage,
                "the lines of \(app.name) have no time that \(option.text) could choose by",
                "set log_date_format, time: true or log: {format: json}, and reload"
            )
        }
    }
}

extension LogSelection {
    /// The files that have the wanted streams, each once.
    private func files(of app: AppView, _ format: LineFormat) throws(LogRefusal) -> [Input] {
        let all = Self.listed(app).filter { $0.path != "/dev/null" }
        let streams = request.streams.map(\.stream.rawValue)
        let split = all.filter { streams.contains($0.stream) }
        let isComplete = streams.allSatisfy { stream in split.contains { $0.stream == stream } }
        let combined = all.filter { $0.stream == Self.both }
        var inputs: [Input] = []
        for file in isComplete || combined.isEmpty ? split : combined {
            // Both streams may have been given the same file.
            let isShared =
                file.stream == Self.both || all.contains { $0.path == file.path && $0.stream != file.stream }
            var input = Input(
                origin: LogOrigin(app: app.name, slot: file.slot, stream: LogStream(rawValue: file.stream)),
                path: file.path,
                format: format
            )
            if isShared {
                input.origin.stream = nil
                if request.streams.count == 1 {
                    guard format == .json else { throw Self.mixedStreams(app) }
                    input.stream = request.streams[0].stream
                }
            }
            if !inputs.contains(where: { $0.path == input.path }) { inputs.append(input) }
        }
        return inputs
    }

    private static let both = "all"

    /// The files as koomyd names them; one of an earlier version names two.
    private static func listed(_ app: AppView) -> [LogFileView] {
        if let files = app.logs.files { return files }
        let out = app.logs.out.map { LogFileView(path: $0, stream: LogStream.out.rawValue) }
        let error = app.logs.error.map { LogFileView(path: $0, stream: LogStream.error.rawValue) }
        return [out, error].compactMap { $0 }
    }

    private static func mixedStreams(_ app: AppView) -> LogRefusal {
        LogRefusal(
            .usage,
            "both streams of \(app.name) are in the same file, and its lines do not say which they are of",
            "set an error_file of its own, or log: {format: json}, and reload"
        )
    }
}

extension LogRefusal {
    init(_ outcome: Outcome, _ message: String, _ hint: String?) {
        self.init(view: ErrorView(outcome, message: message, hint: hint))
    }
}

extension Set<Int> {
    fileprivate func min(where condition: (Int) -> Bool) -> Int? { filter(condition).min() }
}
