import KoomyModel
import KoomyWire
import ScriptedDaemon
import Testing

@testable import koomyctl

@Suite struct LogSelectionTests {
    private func app(_ logs: LogsView, named name: String = "api") -> AppView {
        var app = Samples.api
        app.name = name
        app.logs = logs
        return app
    }

    private func logs(_ format: String?, _ files: [(String, String, Int?)], dateFormat: String? = nil) -> LogsView {
        LogsView(
            target: "file",
            format: format,
            dateFormat: dateFormat,
            files: files.map { LogFileView(path: $0.0, stream: $0.1, slot: $0.2) }
        )
    }

    private let shared = [("/l/o", "out", Int?.none), ("/l/e", "error", nil)]
    private let split = [
        ("/l/o-0", "out", Int?.some(0)), ("/l/e-0", "error", 0), ("/l/o-1", "out", 1), ("/l/e-1", "error", 1),
    ]

    private func request(_ line: String) throws -> LogsRequest {
        let words = line.split(separator: " ").map(String.init)
        guard case .logs(let request) = try ArgumentParser.parse(["logs"] + words).action else { return LogsRequest() }
        return request
    }

    private func select(_ line: String, _ logs: LogsView) throws -> [LogSelection.Input] {
        try LogSelection(request(line), among: [app(logs)]).inputs
    }

    /// The outcome and the sentence of a refusal.
    private func refusal(_ line: String, _ logs: LogsView) throws -> ErrorView? {
        do throws(LogRefusal) {
            let request: LogsRequest
            do { request = try self.request(line) } catch { throw LogRefusal(.internalError, "\(error)", nil) }
            _ = try LogSelection(request, among: [app(logs)])
            return nil
        } catch {
            return error.view
        }
    }

    @Test func `streams and slots are chosen by file where they have files of their own`() throws {
        let logs = logs("raw", split)
        try #expect(select("", logs).map(\.path) == ["/l/o-0", "/l/e-0", "/l/o-1", "/l/e-1"])
        try #expect(select("api:1", logs).map(\.path) == ["/l/o-1", "/l/e-1"])
        try #expect(select("api:1 --err", logs).map(\.path) == ["/l/e-1"])
        try #expect(select("api:0 api:1 --out", logs).map(\.path) == ["/l/o-0", "/l/o-1"])
        try #expect(select("api:0 api", logs).count == 4)
        try #expect(select("api:1 --out", logs).first?.origin == LogOrigin(app: "api", slot: 1, stream: .out))
    }

    @Test func `slots of one file are chosen by what its lines say`() throws {
        let inputs = try select("api:1", logs("json", shared))
        #expect(inputs.map(\.path) == ["/l/o", "/l/e"] && inputs.allSatisfy { $0.slots == [1] })
        for format in ["raw", "stamped", nil] {
            let error = try #require(try refusal("api:1", logs(format, shared)))
            #expect(error.exitCode == 64 && error.hint?.contains("merge_logs: false") == true, "\(error)")
        }
        let unknown = try #require(try refusal("api:7", logs("json", shared)))
        #expect(unknown.exitCode == 2 && unknown.message == "api has no slot 7")
    }

    @Test func `a file of both streams is read once, and one stream of it where lines say which they are of`() throws {
        let same = [("/l/a", "out", Int?.none), ("/l/a", "error", nil)]
        try #expect(select("", logs("raw", same)).map(\.origin) == [LogOrigin(app: "api")])
        try #expect(select("--err", logs("json", same)).first?.stream == .error)
        try #expect(refusal("--err", logs("raw", same))?.exitCode == 64)
    }

    @Test func `the file of everything is read only where there are no others`() throws {
        let three = shared + [("/l/a", "all", nil)]
        try #expect(select("", logs("raw", three)).map(\.path) == ["/l/o", "/l/e"])
        let combined = [("/dev/null", "out", Int?.none), ("/dev/null", "error", nil), ("/l/a", "all", nil)]
        try #expect(select("", logs("raw", combined)).map(\.path) == ["/l/a"])
        try #expect(select("--out", logs("json", combined)).first?.stream == .out)
        try #expect(refusal("--out", logs("raw", combined))?.exitCode == 64)
        let half = [("/l/o", "out", Int?.none), ("/dev/null", "error", nil), ("/l/a", "all", nil)]
        try #expect(select("", logs("raw", half)).map(\.path) == ["/l/a"])
        try #expect(select("--out", logs("raw", half)).map(\.path) == ["/l/o"])
        try #expect(select("--err", logs("raw", Array(half.dropLast()))).isEmpty)
    }

    @Test func `times and generations are chosen only where lines have them`() throws {
        for option in ["--since 10m", "--until 10m"] {
            try #expect(select(option, logs("json", shared)).count == 2)
            try #expect(select(option, logs("stamped", shared, dateFormat: "YYYY-MM-DD HH:mm:ss")).count == 2)
            let raw = try #require(try refusal(option, logs("raw", shared)))
            #expect(
                raw.exitCode == 64 && raw.message.contains(option.prefix(7))
                    && raw.hint?.contains("log_date_format") == true
            )
            try #expect(refusal(option, logs(nil, shared))?.exitCode == 64)
            let short = try #require(try refusal(option, logs("stamped", shared, dateFormat: "HH:mm:ss")))
            #expect(short.exitCode == 64 && short.message.contains("does not tell the year"))
        }
        try #expect(select("--generation 3", logs("json", shared)).count == 2)
        try #expect(refusal("--generation 3", logs("raw", shared))?.hint?.contains("format: json") == true)
    }

    @Test func `where lines do not go to files, it says where they go`() throws {
        let journal = app(LogsView(target: "journald"), named: "web")
        let none = app(LogsView(target: "none"), named: "idle")
        let file = app(logs("raw", shared))
        let selection = try LogSelection(request(""), among: [journal, none, file])
        #expect(selection.journals == ["web"] && selection.inputs.count == 2)
        #expect(selection.notes == ["idle: its lines are not kept (its log target is none)"])
        for line in ["web:0", "web --err", "web --generation 1"] {
            #expect(throws: LogRefusal.self, "\(line)") { _ = try LogSelection(request(line), among: [journal]) }
        }
    }

    @Test func `trouble with the disk is told`() throws {
        var logs = logs("raw", shared)
        (logs.trouble, logs.dropped) = ("No space left on device", LogLossView(bytes: 70, lines: 2))
        let notes = try LogSelection(request(""), among: [app(logs)]).notes
        #expect(
            notes == ["api: 2 lines were not written", "api: the disk does not take lines: No space left on device"]
        )
    }

    @Test func `an earlier koomyd names two files`() throws {
        try #expect(select("", LogsView(out: "/o", error: "/e")).map(\.path) == ["/o", "/e"])
        try #expect(select("--err", LogsView(out: "/o", error: "/e")).map(\.origin.stream) == [.error])
    }
}
