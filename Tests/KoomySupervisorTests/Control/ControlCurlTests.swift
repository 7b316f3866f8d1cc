import KoomyModel
import KoomyWire
import TestSupport
import Testing

@testable import KoomySupervisor

@Suite("curl as a client of the control server", .enabled(if: Binaries.installed("curl") != nil, "needs curl"))
struct ControlCurlTests {
    /// What curl prints, with the loop turning until it has ended.
    private func curl(_ fixture: ControlFixture, _ arguments: String...) throws -> String {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let process = try start(fixture, arguments, in: workspace)
        defer { process.stop() }
        try fixture.turn("curl has ended") { process.ended != nil }
        #expect(process.ended == .code(0), "\(process.errorOutput)")
        return process.output
    }

    private func start(
        _ fixture: ControlFixture,
        _ arguments: [String],
        in workspace: Workspace
    ) throws -> BackgroundProcess {
        try BackgroundProcess(
            ["curl", "-sS", "--max-time", "20", "--unix-socket", fixture.path] + arguments,
            name: "curl",
            in: workspace
        )
    }

    @Test func `it gets a status`() throws {
        let fixture = try ControlFixture()
        let text = try curl(fixture, "http://koomy/v1/status")
        #expect(try WireCoding.decode(StatusView.self, from: Array(text.utf8)) == fixture.delegate.status())
    }

    @Test func `it gives a command, and gets progress and result`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.onCommand = { _, stream in
            stream.send(CommandProgress(message: "one"))
            stream.finish(CommandResult(.done, message: "done"))
        }
        let text = try curl(fixture, "-d", #"{"targets":["api"]}"#, "-w", "%{http_code}", "http://koomy/v1/stop")
        #expect(text.hasPrefix(#"{"message":"one","type":"progress"}"# + "\n"))
        #expect(text.hasSuffix("\n200"))
        #expect(fixture.delegate.commands == [.stop(TargetsRequest(targets: ["api"]))])
    }

    @Test(arguments: ["Expect: 100-continue", "Expect:", "Transfer-Encoding: chunked"])
    func `it learns that its body is too large`(header: String) throws {
        let fixture = try ControlFixture()
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let body = try workspace.write(String(repeating: " ", count: 3 << 20), to: "body")
        let url = "http://koomy/v1/stop"
        let text = try curl(fixture, "-H", header, "--data-binary", "@\(body)", "-w", "%{http_code}", url)
        #expect(text.hasSuffix("\n413"))
    }

    @Test func `it follows events`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.remembered = [EventView(1)]
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let process = try start(fixture, ["-N", "http://koomy/v1/events?follow=1"], in: workspace)
        defer { process.stop() }
        for number: UInt64 in 2...4 {
            try fixture.turn("event \(number - 1) is printed") {
                process.output.split(separator: "\n").count == number - 1
            }
            fixture.server?.broadcast(EventView(number))
        }
        try fixture.turn("the last is printed") { process.output.split(separator: "\n").count == 4 }
        process.stop()
        try fixture.turn("it is forgotten") { fixture.server?.followerCount == 0 }
    }
}
