import KoomyWire
import Testing

@Suite struct DaemonRequestsTests {
    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try WireCoding.encode(value), as: UTF8.self)
    }

    private func read<Value: Decodable>(_ text: String) throws -> Value {
        try WireCoding.decode(from: Array(text.utf8))
    }

    @Test func `what becomes of the workers is one of two words, or the default`() throws {
        #expect(try text(StopDaemonRequest()) == "{}")
        #expect(try text(StopDaemonRequest(workers: .drain)) == #"{"workers":"drain"}"#)
        #expect(try text(StopDaemonRequest(workers: .leave)) == #"{"workers":"leave"}"#)
        for request in [StopDaemonRequest(), StopDaemonRequest(workers: .drain), StopDaemonRequest(workers: .leave)] {
            try #expect(read(text(request)) == request)
        }
        #expect(throws: WireError(message: "workers: \"drain\" or \"leave\" is expected")) {
            let _: StopDaemonRequest = try read(#"{"workers":"Leave"}"#)
        }
    }

    @Test func `a binary is named by its absolute path`() throws {
        #expect(UpgradeRequest().problem == nil)
        #expect(UpgradeRequest(binary: "/usr/bin/koomyd").problem == nil)
        #expect(UpgradeRequest(binary: "./koomyd").problem == "\"binary\" has to be an absolute path")
        #expect(UpgradeRequest(binary: "").problem != nil)
    }

    @Test func `the result of an upgrade says from what to what`() throws {
        let upgrade = UpgradeView(from: "0.1.0", to: "0.2.0", pid: 400)
        let message = CommandMessage.result(CommandResult(.done, message: "upgraded", upgrade: upgrade))
        let line = try text(message)
        #expect(line.contains(#""upgrade":{"from":"0.1.0","pid":400,"to":"0.2.0"}"#))
        try #expect(read(line) == message)
        // Those of other commands have none.
        #expect(try !text(CommandMessage.result(CommandResult(.done, message: "done"))).contains("upgrade"))
    }

    @Test func `findings have errors or not`() throws {
        let fine = DoctorCheck("a", .ok, message: "m")
        let poor = DoctorCheck("b", .warning, message: "m", hint: "h")
        let bad = DoctorCheck("c", .error, message: "m")
        #expect(!DoctorView(checks: []).hasErrors && !DoctorView(checks: [fine, poor]).hasErrors)
        #expect(DoctorView(checks: [fine, bad, poor]).hasErrors)
        let line = try text(DoctorView(checks: [fine, poor]))
        #expect(
            line == #"{"checks":[{"message":"m","name":"a","status":"ok"},"#
                + #"{"hint":"h","message":"m","name":"b","status":"warning"}],"schema":1}"#
        )
        try #expect(read(line) == DoctorView(checks: [fine, poor]))
    }
}
