import KoomyModel
import Testing

struct SignalTests {
    @Test(arguments: ["TERM", "SIGTERM", "sigterm", "15", "Term"]) func `it reads names and numbers`(_ text: String) {
        #expect(Signal(parsing: text) == .terminate)
    }

    @Test(arguments: ["", "SIG", "FOO", "0", "65", "-9", "SIGSIGTERM", "TERM ", "1.5", "RTMIN"])
    func `it reads nothing else`(_ text: String) {
        #expect(Signal(parsing: text) == nil)
    }

    @Test(arguments: 1...64) func `what is written can be read back`(_ number: Int) {
        let signal = Signal(number: Int32(number))
        #expect(signal != nil)
        #expect(signal.flatMap { Signal(parsing: $0.description) } == signal)
    }

    static let named: [(Signal, String)] = [
        (Signal.hangup, "SIGHUP"), (.interrupt, "SIGINT"), (.quit, "SIGQUIT"), (.abort, "SIGABRT"), (.kill, "SIGKILL"),
        (.user1, "SIGUSR1"), (.user2, "SIGUSR2"), (.terminate, "SIGTERM"), (.child, "SIGCHLD"), (.continue, "SIGCONT"),
        (.stop, "SIGSTOP"),
    ]

    @Test(arguments: named)
    func `names`(_ signal: Signal, _ name: String) {
        #expect(signal.description == name)
    }

    @Test func `ends are told apart`() {
        #expect(ExitReason.exited(code: 0).isSuccess)
        #expect(!ExitReason.exited(code: 1).isSuccess)
        #expect(!ExitReason.unknown.isSuccess)
        #expect(ExitReason.exited(code: 3).description == "exit code 3")
        #expect(ExitReason.signaled(.abort, dumpedCore: true).description == "SIGABRT (core dumped)")
        let failure = StartFailure(step: .execute, errno: 2, subject: "/bin/x")
        #expect(ExitReason.failedToStart(failure).description == "cannot run /bin/x: No such file or directory")
    }
}
