import KoomyWire

/// `koomyctl history APP GENERATION`: the report of one deployment.
struct DeploymentText {
    var view: DeploymentView
    var screen: Screen
    /// A wall time in milliseconds since the Unix epoch, for people.
    var stamp: (Int64) -> String

    var lines: [String] {
        var lines = [screen.styled("\(screen.clean(view.app)), generation \(view.generation)", .bold)] + head
        if !view.steps.isEmpty { lines += ["", screen.styled("steps", .bold)] + steps }
        if let log = view.rehearsalLog, !log.isEmpty {
            lines += ["", screen.styled("what the candidate wrote", .bold)] + log.map { "  \(screen.clean($0))" }
        }
        return lines
    }

    private var head: [String] {
        let took = HistoryText.took(view).map { " after \(Quantity.span(milliseconds: $0))" } ?? ""
        let fields: [(name: String, value: String?)] = [
            ("command", screen.clean(view.command)), ("who", HistoryText.name(of: view.user)),
            ("began", stamp(view.beganAt)), ("from", view.from.map(Self.text(of:)).map(screen.clean)),
            ("to", view.to.map(Self.text(of:)).map(screen.clean)),
            ("outcome", screen.styled(screen.clean(HistoryText.word(view)), HistoryText.style(view)) + took),
            ("code", view.code.map { "\($0)" }), ("message", view.message.map(screen.clean)), ("queues", queues),
        ]
        let width = fields.map(\.name.count).max() ?? 0
        return fields.compactMap { name, value in
            value.map { "  \(name)\(String(repeating: " ", count: width - name.count))  \($0)" }
        }
    }

    /// `20261120T170456Z-1a2b3c4 in /srv/api/releases/…, revision 1a2b3c4…`.
    static func text(of release: ReleaseView) -> String {
        "\(release.id) in \(release.path)" + (release.revision.map { ", revision \($0)" } ?? "")
    }

    private var queues: String? {
        view.queues.map { queues in
            let lost = queues.overflows == 0 ? "none" : "\(queues.overflows)"
            return "at most \(Quantity.counted(queues.highWater, "connection")) waiting, \(lost) refused by the host"
        }
    }

    /// By how long after the beginning each was.
    private var steps: [String] {
        let rows = view.steps.map { step in
            (
                "+\(Quantity.span(milliseconds: step.at - view.beganAt))", screen.clean(step.step),
                step.slot.map { "slot \($0): " } ?? "", screen.clean(step.message)
            )
        }
        let times = rows.map(\.0.count).max() ?? 0
        let words = rows.map(\.1.count).max() ?? 0
        return rows.map { time, word, slot, message in
            let before = String(repeating: " ", count: times - time.count)
            let behind = String(repeating: " ", count: words - word.count)
            return "  \(before)\(time)  \(word)\(behind)  \(slot)\(message)"
        }
    }
}
