import KoomyWire
import Testing

@testable import koomyctl

@Suite struct DoctorTextTests {
    private static let view = DoctorView(checks: [
        DoctorCheck("apps", .ok, message: "every app is as it is wanted"),
        DoctorCheck("anomalies", .warning, message: "2 anomalies", hint: "koomyctl events"),
        DoctorCheck("strangers", .error, message: "1 process is nobody's", hint: "kill 7"),
    ])

    @Test func `a row for each check, then what to do, then the sum`() {
        #expect(
            DoctorText(view: Self.view, screen: Screen()).lines == [
                "check      status   finding", "apps       ok       every app is as it is wanted",
                "anomalies  warning  2 anomalies", "strangers  error    1 process is nobody's", "",
                "next, for anomalies: koomyctl events", "next, for strangers: kill 7",
                "1 error, 1 warning in 3 checks",
            ]
        )
    }

    @Test func `statuses have colours, also one of a later version`() {
        var view = Self.view
        view.checks[0].status = "unsure"
        let lines = DoctorText(view: view, screen: Screen(hasColor: true)).lines
        #expect(lines[1].contains("unsure ") && lines[2].contains("\u{1B}[33mwarning\u{1B}[0m"))
        #expect(lines[3].contains("\u{1B}[31merror\u{1B}[0m"))
    }

    @Test func `where all is well that is all there is to say`() {
        let view = DoctorView(checks: [Self.view.checks[0]])
        #expect(DoctorText(view: view, screen: Screen()).lines.suffix(2) == ["", "1 check, all well"])
    }

    @Test func `nothing on a screen but what is shown`() {
        let view = DoctorView(checks: [DoctorCheck("a\u{1B}", .ok, message: "b\u{7}", hint: "c\n")])
        #expect(DoctorText(view: view, screen: Screen()).lines.allSatisfy { !$0.contains("\u{1B}") })
    }
}
