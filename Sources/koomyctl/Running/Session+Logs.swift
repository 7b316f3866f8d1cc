import Glibc
import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// `koomyctl logs`.
extension Session {
    /// A file, and whose it is.
    private struct Source {
        var app: String
        var stream: LogsRequest.Stream
        var file: LogFile
    }

    /// A line with `--json`.
    private struct Line: Encodable {
        var app: String
        var stream: String
        var line: String
    }

    /// How often files are looked at while they are followed.
    private static let interval: Int32 = 100

    func logs(_ request: LogsRequest) -> Int32 {
        withClient("logs") { client throws(ClientError) in
            let apps = try client.status().apps
            var wanted = apps
            if let unknown = unknownTarget(request.targets, apps) {
                return fail("logs", unknownApp(unknown, among: apps))
            }
            if !request.targets.isEmpty {
                wanted.removeAll { app in !request.targets.contains { $0.includes(app.name) } }
            }
            if request.targets.contains(where: { if case .worker = $0 { true } else { false } }) {
                note("the lines of all slots of an app are in the same files")
            }
            let sources = wanted.flatMap { files(of: $0, request.streams) }
            if sources.isEmpty { note("nothing is logged to files") }
            return show(sources, request)
        }
    }

    private func unknownTarget(_ targets: [Target], _ apps: [AppView]) -> String? {
        for target in targets {
            switch target {
            case .all: continue
            case .app(let name), .worker(let name, _):
                if !apps.contains(where: { $0.name == name.text }) { return name.text }
            }
        }
        return nil
    }

    private func files(of app: AppView, _ streams: [LogsRequest.Stream]) -> [Source] {
        streams.compactMap { stream in
            let path =
                switch stream {
                case .out: app.logs.out
                case .err: app.logs.error
                }
            return path.map { Source(app: app.name, stream: stream, file: LogFile(path: $0)) }
        }
    }

    private func show(_ sources: [Source], _ request: LogsRequest) -> Int32 {
        var code = ExitCode.done
        var begun: [LogMerge.Source<Source>] = []
        for source in sources {
            do throws(SystemError) {
                let lines = try source.file.lastLines(request.lines, isFinal: !request.follow)
                begun.append(.init(tag: source, lines: lines, modified: source.file.modified ?? 0))
            } catch {
                if error.errno == .noSuchFile {
                    note("\(source.app): nothing written yet to \(source.file.path)")
                } else {
                    Output.print(errors.clean("\(source.app): \(error)"), to: .errors)
                    code = error.errno == .permissionDenied ? .notPermitted : .internalError
                }
            }
        }
        let isLabelled = sources.count > 1
        for entry in LogMerge.merged(begun) { print(entry.line, of: entry.tag, isLabelled) }
        guard request.follow, !sources.isEmpty, code == .done else { return code.rawValue }
        while outputIsRead() {
            for source in sources {
                for line in source.file.newLines() { print(line, of: source, isLabelled) }
            }
        }
        return code.rawValue
    }

    private func print(_ line: [UInt8], of source: Source, _ isLabelled: Bool) {
        if options.json {
            let text = String(decoding: line, as: UTF8.self)
            Output.printJSON(Line(app: source.app, stream: source.stream.rawValue, line: text))
            return
        }
        let label = "\(source.app) \(source.stream.rawValue) | "
        let style: Style = source.stream == .err ? .red : .cyan
        let before = isLabelled ? Array(results.styled(label, style).utf8) : []
        Output.write(before + line + [0x0A], to: .results)
    }

    /// Waits a little; whether somebody still reads what is printed.
    private func outputIsRead() -> Bool {
        StandardStream.output.hasReader(waiting: .milliseconds(Int64(Self.interval)))
    }
}

extension Target {
    fileprivate func includes(_ app: String) -> Bool {
        switch self {
        case .all: true
        case .app(let name), .worker(let name, _): name.text == app
        }
    }
}
