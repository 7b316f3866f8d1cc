import KoomyModel
import Testing

@testable import KoomySupervisor

struct NotifyAssignmentsTests {
    private func messages(_ text: String) -> [NotifyMessage] { NotifyAssignments(parsing: text).messages }

    @Test(arguments: [
        ("READY=1", NotifyMessage.ready), ("STOPPING=1", .stopping), ("RELOADING=1\nMONOTONIC_USEC=123", .reloading),
        ("WATCHDOG=1", .watchdog), ("WATCHDOG=trigger", .watchdogTrigger), ("MAINPID=4711", .mainProcess(4711)),
        ("EXTEND_TIMEOUT_USEC=2500000", .extendTimeout(.milliseconds(2_500))),
        ("STATUS=12 requests", .status("12 requests")), ("STATUS=", .status("")), ("STATUS=a=b", .status("a=b")),
    ])
    func `each assignment is understood`(_ text: String, _ message: NotifyMessage) {
        #expect(messages(text) == [message])
        #expect(messages("\n\(text)\n\n") == [message])
    }

    @Test func `of the phases the last one counts`() {
        #expect(messages("READY=1\nSTOPPING=1") == [.stopping])
        #expect(messages("STOPPING=1\nRELOADING=1\nREADY=1") == [.ready])
    }

    @Test func `a later value takes the place of an earlier one`() {
        #expect(messages("STATUS=one\nSTATUS=two") == [.status("two")])
        #expect(messages("MAINPID=1\nMAINPID=2") == [.mainProcess(2)])
        #expect(messages("WATCHDOG=1\nWATCHDOG=trigger") == [.watchdogTrigger])
    }

    @Test func `they are told in the order in which they are to be acted on`() {
        let text = "EXTEND_TIMEOUT_USEC=1\nSTATUS=going\nWATCHDOG=1\nNEWS=1\nSTOPPING=1\nMAINPID=7"
        #expect(
            messages(text) == [
                .mainProcess(7), .stopping, .status("going"), .extendTimeout(.microseconds(1)), .watchdog,
                .unknown("NEWS"),
            ]
        )
    }

    @Test(arguments: [
        "READY=0", "READY=", "READY=yes", "READY=1 ", "READY", "WATCHDOG=2", "WATCHDOG=Trigger", "STOPPING=true",
        "EXTEND_TIMEOUT_USEC=", "EXTEND_TIMEOUT_USEC=-1", "EXTEND_TIMEOUT_USEC=+1", "EXTEND_TIMEOUT_USEC=1s",
        "EXTEND_TIMEOUT_USEC= 1", "EXTEND_TIMEOUT_USEC=99999999999999999999", "EXTEND_TIMEOUT_USEC=0x10", "MAINPID=0",
        "MAINPID=-1", "MAINPID=2147483648", "MAINPID=١", "BARRIER=2", "FDSTORE=1", "ready=1", "WATCHDOG_USEC=5",
    ])
    func `what is malformed is unknown by its name`(_ text: String) {
        let name = text.prefix { $0 != "=" }
        #expect(messages(text) == [.unknown(String(name))])
    }

    @Test func `an extension beyond all time is as long as can be`() {
        #expect(messages("EXTEND_TIMEOUT_USEC=18446744073709551615") == [.extendTimeout(.max)])
        #expect(messages("EXTEND_TIMEOUT_USEC=0") == [.extendTimeout(.zero)])
    }

    @Test func `nothing at all says nothing`() {
        #expect(messages("").isEmpty)
        #expect(messages("\n\n\n").isEmpty)
        #expect(messages("BARRIER=1").isEmpty)
        #expect(messages("MONOTONIC_USEC=5").isEmpty)
    }

    @Test func `unknown names are few, short and harmless`() {
        let many = (0..<1_000).map { "X\($0)=1" }.joined(separator: "\n")
        #expect(messages(many) == [.unknown("X0"), .unknown("X1"), .unknown("X2"), .unknown("X3")])
        #expect(messages("A=1\nA=2\nA=3") == [.unknown("A")])
        #expect(messages(String(repeating: "K", count: 500) + "=1") == [.unknown(String(repeating: "K", count: 64))])
        #expect(messages("\u{1B}[31mRED=1") == [.unknown("[31mRED")])
        #expect(messages("=1") == [.unknown("=1")])
    }
}
