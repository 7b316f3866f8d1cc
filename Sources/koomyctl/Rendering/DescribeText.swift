import KoomyModel
import KoomyWire

/// `koomyctl describe`: everything that is known of an app, in blocks of `name  value`.
struct DescribeText {
    var app: AppView
    var screen: Screen
    /// A wall time in milliseconds since the Unix epoch, for people.
    var stamp: (Int64) -> String

    var lines: [String] {
        var lines = [screen.styled(screen.clean(app.name), .bold)]
        lines += block(appFields)
        for worker in app.workers {
            lines += ["", screen.styled("\(app.name):\(worker.slot)", .bold)] + block(fields(of: worker))
        }
        if case .object(let spec)? = app.spec {
            lines += ["", screen.styled("configuration", .bold)] + tree(spec, indent: 1)
        }
        return lines
    }

    private typealias Field = (name: String, value: String?)

    private var appFields: [Field] {
        [
            ("state", state(app.state) + (app.reason.map { " (\(screen.clean($0)))" } ?? "")),
            ("wanted", app.desired == "running" ? Quantity.counted(app.instances, "worker") : app.desired),
            ("rollout", app.rollout.map(StatusText.text(of:)).map(screen.clean)),
            ("generation", "\(app.generation)"), ("restarts", "\(app.restarts)"),
            ("file", app.file.map(screen.clean)),
        ] + app.listeners.map { ("listener", "\(screen.clean($0.name)) \(screen.clean($0.address))") }
            + logFields
    }

    private var logFields: [Field] {
        let logs = app.logs
        let files = (logs.files ?? []).map { file in
            ("log \(Self.streamWord(file.stream))", screen.clean(file.path) + (file.slot.map { " (slot \($0))" } ?? ""))
        }
        let two = [("log out", logs.out.map(screen.clean)), ("log err", logs.error.map(screen.clean))]
        let isElsewhere = logs.target.map { $0 != LogTarget.file.rawValue } ?? false
        return [("logs", isElsewhere ? logs.target.map(screen.clean) : nil)]
            + (files.isEmpty ? two : files.map { ($0.0, $0.1) })
            + [
                ("log format", logs.dateFormat.map(screen.clean) ?? (logs.format == "json" ? logs.format : nil)),
                ("log trouble", logs.trouble.map(screen.clean)),
                (
                    "log loss",
                    logs.dropped.map {
                        "\(Quantity.counted(Int(clamping: $0.lines), "line")), \(Quantity.bytes($0.bytes))"
                    }
                ),
            ]
    }

    private static func streamWord(_ stream: String) -> String { stream == "error" ? "err" : stream }

    private func fields(of worker: WorkerView) -> [Field] {
        [
            ("state", state(worker.state) + (worker.readyBy.map { " (seen by \(screen.clean($0)))" } ?? "")),
            ("says", worker.statusText.map(screen.clean)), ("pid", worker.pid.map { "\($0)" }),
            ("worker", worker.serial.map { "\($0)" }), ("generation", "\(worker.generation)"),
            ("drain", StatusText.drain(of: worker)),
            ("uptime", worker.uptimeMs.map(Quantity.span(milliseconds:))), ("restarts", "\(worker.restarts)"),
            ("memory", worker.memory.map(Quantity.bytes)), ("cpu", worker.cpu.map(Quantity.percent)),
            ("release", worker.release.map { screen.clean(DeploymentText.text(of: $0)) }),
            ("prepared", worker.release?.preparedAt.map(stamp)),
            ("candidate", worker.isCandidate == true ? "yes" : nil),
            ("last exit", worker.lastExit.map { "\(screen.clean($0.reason)), \(stamp($0.at))" }),
            ("next start", worker.nextStartMs.map { "in \(Quantity.span(milliseconds: $0))" }),
        ]
    }

    private func state(_ word: String) -> String { screen.styled(screen.clean(word), Style(state: word)) }

    private func block(_ fields: [Field]) -> [String] {
        let width = fields.filter { $0.value != nil }.map(\.name.count).max() ?? 0
        return fields.compactMap { name, value in
            value.map { "  \(name)\(String(repeating: " ", count: width - name.count))  \($0)" }
        }
    }

    private func tree(_ members: [String: JSONValue], indent: Int) -> [String] {
        let margin = String(repeating: "  ", count: indent)
        return members.sorted { $0.key < $1.key }.flatMap { name, value in
            switch value {
            case .object(let inner) where inner.count == 1 && inner.first?.value == .object([:]):
                // A choice without details, as `ready: notify`.
                ["\(margin)\(screen.clean(name))  \(screen.clean(inner.first?.key ?? ""))"]
            case .object(let inner) where !inner.isEmpty:
                ["\(margin)\(screen.clean(name))"] + tree(inner, indent: indent + 1)
            case .array(let items) where items.contains { if case .object = $0 { true } else { false } }:
                items.flatMap { item in
                    if case .object(let inner) = item {
                        ["\(margin)\(screen.clean(name))"] + tree(inner, indent: indent + 1)
                    } else {
                        ["\(margin)\(screen.clean(name))  \(text(of: item))"]
                    }
                }
            case .null, .bool, .integer, .number, .string, .array, .object:
                ["\(margin)\(screen.clean(name))  \(text(of: value))"]
            }
        }
    }

    private func text(of value: JSONValue) -> String {
        switch value {
        case .null: screen.none
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value.isEmpty ? "\"\"" : screen.clean(value)
        case .array(let items): items.isEmpty ? screen.none : items.map(text(of:)).joined(separator: " ")
        case .object: screen.none
        }
    }
}
