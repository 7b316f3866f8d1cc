import Glibc
import TestSupport
import Testing

/// A booted systemd with koomyd in it as the service of units/koomyd.service, shared by tests that run one after the other
/// (Tests/sdbox); it goes when the test program ends.
///
/// Its apps: `api`, two workers of koomy-api on `port`, and `talker`, whose lines are its serial and a number that grows by
/// one. It has the host's network.
final class ServiceBox: Sendable {
    let workspace: Workspace
    let port: UInt16
    private let name: String
    /// Its root folder as it is seen from outside.
    let root: String

    static let program =
        "i=0; while :; do i=$((i+1)); echo $KOOMY_WORKER.$$ $i; [ $((i % 20)) = 0 ] && sleep 0.05; done"

    init(_ name: String) throws {
        workspace = try Workspace()
        self.name = "koomy-\(name)-\(getpid())"
        port = try FreePort.next()
        var command = [Fixture.project("Tests/sdbox"), "--name", self.name, "up", "--die-with", "\(getpid())"]
        for program in ["koomyd", "koomyctl", "koomy-api"] {
            command += ["--copy", "\(try Binaries.path(program)):/usr/bin/\(program)"]
        }
        command += ["--copy", "\(try workspace.write(Self.file(port), to: "api.yaml")):/etc/koomy/api.yaml"]
        command += ["--unit", Fixture.project("units/koomyd.service"), "--enable", "koomyd.service"]
        let up = try Command.run(command, deadline: .seconds(120))
        try #require(up.code == 0, "\(up)")
        root = try Command.run([Fixture.project("Tests/sdbox"), "--name", self.name, "path"]).out
            .split(separator: "\n").joined()
    }

    deinit { Files.remove(workspace.path) }

    static func file(_ port: UInt16, arguments: [String] = []) throws -> String {
        let api = try Ecosystem.api(arguments: arguments, listen: "tcp://127.0.0.1:\(port)", "listen_timeout: 2s")
            .replacing(Binaries.path("koomy-api"), with: "/usr/bin/koomy-api")
        return Ecosystem.file(api, Ecosystem.shell("talker", program, "min_uptime: 200ms"))
    }

    // MARK: - Commands in it

    func sdbox(_ arguments: String...) throws -> Command.Result {
        try Command.run([Fixture.project("Tests/sdbox"), "--name", name] + arguments, deadline: .seconds(120))
    }

    func attempt(_ command: String...) throws -> Command.Result { try attempt(command) }

    private func attempt(_ command: [String]) throws -> Command.Result {
        try Command.run([Fixture.project("Tests/sdbox"), "--name", name, "exec"] + command)
    }

    /// Runs a command inside, and throws unless it exits with 0.
    @discardableResult
    func run(_ command: String..., file: StaticString = #fileID, line: UInt = #line) throws -> String {
        let result = try attempt(command)
        guard result.code == 0 else {
            throw TestFailure(description: "\(command.joined(separator: " ")): \(result) (\(file):\(line))")
        }
        return result.out
    }

    func inBackground(_ command: String..., name: String) throws -> BackgroundProcess {
        let arguments = [Fixture.project("Tests/sdbox"), "--name", self.name, "exec"] + command
        return try BackgroundProcess(arguments, name: name, in: workspace)
    }

    func write(_ text: String, to path: String) throws {
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            try Files.makeFolder(root + folder)
        }
        try Files.write(text, to: root + path)
    }

    // MARK: - The service

    func property(_ name: String) throws -> String {
        String(try run("systemctl", "show", "-P", name, "koomyd").dropLast())
    }

    func pid() throws -> String { try property("MainPID") }

    /// How many descriptors systemd keeps.
    func kept() throws -> Int { Int(try property("NFileDescriptorStore")) ?? -1 }

    /// Calls the body with lines added to the unit, which hold from the next start of koomyd on.
    func with(_ lines: String, _ body: () throws -> Void) throws {
        let path = "/run/systemd/system/koomyd.service.d/test.conf"
        try write(lines, to: path)
        try run("systemctl", "daemon-reload")
        defer {
            unlink(root + path)
            _ = try? run("systemctl", "daemon-reload")
        }
        try body()
    }

    /// Kills koomyd and waits until systemd has started another.
    func kill(_ signal: String = "KILL") throws {
        let before = try pid()
        // A Swift program outlives the first SIGSEGV that is only sent: its handler writes a backtrace, and returns to
        // instructions that fault again only where they did.
        for _ in 1...(signal == "SEGV" ? 2 : 1) { _ = try attempt("kill", "-\(signal)", before) }
        try waitForAnother(than: before)
    }

    func waitForAnother(than pid: String) throws {
        try eventually(within: .seconds(30), "another koomyd runs") {
            let now = try run("systemctl", "show", "-p", "MainPID,ActiveState", "koomyd").split(separator: "\n")
            return now.contains("ActiveState=active") && !now.contains("MainPID=\(pid)") && !now.contains("MainPID=0")
        }
    }

    // MARK: - Its apps

    func find(_ name: String) throws -> AppView? {
        let status = try HTTP.get("/v1/status", from: .unix("\(root)/run/koomy/control.sock"))
        return try JSON(parsing: status.body).apps.array.first { $0.name.string == name }.map(AppView.init)
    }

    func app(_ name: String = "api") throws -> AppView { try #require(try find(name), "no app \(name)") }

    @discardableResult
    func waitUntilSteady(
        _ count: Int = 2,
        _ name: String = "api",
        file: StaticString = #fileID,
        line: UInt = #line
    ) throws -> AppView {
        try eventually(within: .seconds(30), "\(name) is steady", file: file, line: line) {
            // koomyd may be away for a moment.
            guard let app = try? find(name), app.isSteady(count) else { return nil }
            return app
        }
    }

    /// Brings everything into the state that a test begins with, whatever another one has left.
    func begin() throws {
        _ = try attempt("systemctl", "reset-failed", "koomyd")
        try run("systemctl", "start", "koomyd")
        try write(Self.file(port), to: "/etc/koomy/api.yaml")
        try run("koomyctl", "start", "/etc/koomy/api.yaml")
        try waitUntilSteady()
        try waitUntilSteady(1, "talker")
    }

    /// Puts load on `api`, calls the body, and checks that no request failed and no line is missing.
    func underLoad(
        _ style: LoadGenerator.Style = .connectionPerRequest,
        _ sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) throws {
        let load = try LoadGenerator("http://127.0.0.1:\(port)/work?ms=5", rate: 300, style: style, in: workspace)
        try load.waitFor(seconds: 0.3)
        do {
            try body()
        } catch {
            print((try? run("journalctl", "-u", "koomyd", "-n", "80", "--no-pager")) ?? "no journal")
            throw error
        }
        try load.waitFor(seconds: 0.3)
        let report = try load.finish()
        #expect(report.failed == 0 && report.ok == report.begun, "\(report)", sourceLocation: sourceLocation)
        checkLines(sourceLocation)
    }

    /// Every worker's lines are there, once and in order.
    private func checkLines(_ sourceLocation: SourceLocation) {
        var last: [Substring: Int] = [:]
        for line in Files.lines(of: "\(root)/var/log/koomy/talker-out.log") {
            let words = line.split(separator: " ")
            let number = words.count == 2 ? Int(words[1]) ?? -1 : -1
            guard number == last[words.first ?? "", default: 0] + 1 else {
                Issue.record("\(line) follows \(last)", sourceLocation: sourceLocation)
                return
            }
            last[words[0]] = number
        }
        #expect(!last.isEmpty, sourceLocation: sourceLocation)
    }
}
