import KoomyModel
import KoomyWire
import Testing

@Suite struct OutcomeTests {
    @Test func `the numbers are those that scripts rely on`() {
        let numbers = ExitCode.allCases.map(\.rawValue)
        #expect(numbers == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 64, 65, 70, 73, 75])
    }

    @Test func `the words are those that programs rely on`() {
        #expect(
            Outcome.allCases.map(\.rawValue) == [
                "done", "trouble", "no_such_app", "no_such_worker", "no_daemon", "worker_failed", "ready_timeout",
                "unhealthy",
                "drain_forced", "superseded", "aborted", "no_room", "step_failed", "not_permitted", "usage",
                "bad_request", "not_found",
                "method_not_allowed", "too_large", "bad_configuration", "state_unreadable", "internal", "shutting_down",
                "cannot_save",
                "timed_out",
            ]
        )
    }

    @Test(arguments: RolloutOutcome.allCases)
    func `a rollout's outcome has the same code everywhere`(outcome: RolloutOutcome) {
        #expect(ExitCode(rawValue: outcome.rawValue) != nil)
        #expect(Outcome.allCases.contains { $0.exitCode.rawValue == outcome.rawValue })
    }

    @Test(arguments: Outcome.allCases)
    func `only success has a status of success`(outcome: Outcome) {
        #expect((outcome.httpStatus < 400) == (outcome == .done))
        #expect((outcome.exitCode == .done) == (outcome == .done))
    }

    @Test func `every exit code has an outcome`() {
        #expect(Set(Outcome.allCases.map(\.exitCode)) == Set(ExitCode.allCases))
    }

    @Test func `types of events are unique and dotted`() {
        #expect(Set(EventType.allCases.map(\.rawValue)).count == EventType.allCases.count)
        #expect(EventType.allCases.allSatisfy { $0.rawValue.contains(".") })
    }

    @Test func `a diagnostic reads as compilers write it`() {
        var diagnostic = DiagnosticView(
            file: "/a.json",
            line: 3,
            column: 7,
            message: "unknown key",
            hint: "did you mean script?",
            severity: "error"
        )
        #expect(diagnostic.text == "/a.json:3:7: error: unknown key (did you mean script?)")
        diagnostic.column = 0
        diagnostic.hint = nil
        #expect(diagnostic.text == "/a.json:3: error: unknown key")
        diagnostic.line = 0
        #expect(diagnostic.text == "/a.json: error: unknown key")
    }
}
