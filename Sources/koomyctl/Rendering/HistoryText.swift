import KoomySystem
import KoomyWire

/// `koomyctl history`: a row for each deployment, the newest first.
struct HistoryText {
    var view: DeploymentsView
    var screen: Screen
    /// A wall time in milliseconds since the Unix epoch, for people.
    var stamp: (Int64) -> String

    var lines: [String] {
        guard !view.deployments.isEmpty else { return ["\(screen.clean(view.app)) has not been deployed yet"] }
        var table = Table([
            .init(heading: "gen", isNumeric: true), .init(heading: "when", rank: 5), .init(heading: "command"),
            .init(heading: "who", rank: 2), .init(heading: "from", rank: 3), .init(heading: "to", rank: 4),
            .init(heading: "outcome"), .init(heading: "took", isNumeric: true, rank: 1),
        ])
        table.rows = view.deployments.map(row)
        return table.lines(on: screen)
    }

    private func row(_ deployment: DeploymentView) -> [Table.Cell] {
        [
            .init("\(deployment.generation)"), .init(Self.seconds(stamp(deployment.beganAt))),
            .init(screen.clean(deployment.command)), .init(Self.name(of: deployment.user) ?? screen.none),
            .init(screen.clean(deployment.from?.id ?? screen.none)),
            .init(screen.clean(deployment.to?.id ?? screen.none)),
            .init(screen.clean(Self.word(deployment)), Self.style(deployment)),
            .init(Self.took(deployment).map(Quantity.span(milliseconds:)) ?? screen.none),
        ]
    }

    /// Without the fraction of the second.
    static func seconds(_ stamp: String) -> String { String(stamp.prefix { $0 != "." }) }

    static func word(_ deployment: DeploymentView) -> String { deployment.outcome ?? "under way" }

    static func style(_ deployment: DeploymentView) -> Style {
        guard let code = deployment.code else { return deployment.outcome == nil ? .cyan : .plain }
        return code == ExitCode.done.rawValue ? .green : code == ExitCode.drainForced.rawValue ? .yellow : .red
    }

    static func took(_ deployment: DeploymentView) -> Int64? { deployment.endedAt.map { $0 - deployment.beganAt } }

    /// The user who asked; nil for koomyd itself.
    static func name(of user: UInt32?) -> String? {
        guard let user else { return nil }
        return (try? Accounts.user(number: user))?.name ?? "\(user)"
    }
}
