import KoomyWire

/// `koomyctl doctor`: a row for each check, what to do about those that are not well, and a line that sums up.
struct DoctorText {
    var view: DoctorView
    var screen: Screen

    var lines: [String] {
        var table = Table([.init(heading: "check"), .init(heading: "status"), .init(heading: "finding")])
        table.rows = view.checks.map { check in
            [
                .init(screen.clean(check.name)), .init(screen.clean(check.status), Self.style(check.status)),
                .init(screen.clean(check.message)),
            ]
        }
        let hints = view.checks.compactMap { check in
            check.hint.map { "next, for \(screen.clean(check.name)): \(screen.clean($0))" }
        }
        return table.lines(on: screen) + [""] + hints + [summary]
    }

    private var summary: String {
        let errors = count(.error)
        let warnings = count(.warning)
        guard errors + warnings > 0 else { return "\(Quantity.counted(view.checks.count, "check")), all well" }
        let found = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }
        return found.map { Quantity.counted($0.0, $0.1) }.joined(separator: ", ")
            + " in \(Quantity.counted(view.checks.count, "check"))"
    }

    private func count(_ status: DoctorCheck.Status) -> Int { view.checks.count { $0.status == status.rawValue } }

    private static func style(_ status: String) -> Style {
        switch DoctorCheck.Status(rawValue: status) {
        case .ok: .green
        case .warning: .yellow
        case .error: .red
        case nil: .plain
        }
    }
}
