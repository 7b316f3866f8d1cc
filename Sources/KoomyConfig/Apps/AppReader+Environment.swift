import KoomyModel

// MARK: - Instances and environment

extension AppReader {
    /// More than this is a port number in the wrong line.
    private static let instanceLimit: Int64 = 2000

    /// PM2's meaning: 0 and `max` are the number of processors, less than 0 leaves so many of them free.
    func instances() -> Int {
        guard let field = fields[.instances] else { return 1 }
        if field.node.scalar?.text == "max" { return context.processorCount }
        guard field.wholeNumber != nil else {
            field.mismatch("a number or max", example: "2")
            return 1
        }
        let limit = Self.instanceLimit
        guard let number = field.integer(in: -limit...limit, example: "2") else { return 1 }
        return number > 0 ? Int(number) : max(1, context.processorCount + Int(number))
    }

    /// Variables that koomyd sets itself, whatever the file says.
    private static let reserved: Set = [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "KOOMY_APP",
        "KOOMY_SLOT", "KOOMY_GENERATION", "KOOMY_WORKER",
    ]

    /// `env`, and over it the block of the chosen environment; null takes a variable out.
    func environment() -> [String: String] {
        var result: [String: String] = [:]
        if let field = fields[.env] { lay(field, over: &result) }
        let chosen = context.environmentName
        for (name, field) in environments.sorted(by: { $0.key < $1.key }) {
            // A block that is not chosen is checked all the same, so that it does not fail on its day.
            var unused: [String: String] = [:]
            if name == chosen { lay(field, over: &result) } else { lay(field, over: &unused) }
        }
        return result
    }

    private func lay(_ field: Field, over environment: inout [String: String]) {
        if field.node.isNull { return }
        guard let pairs = field.pairs else {
            field.mismatch("a mapping of names to values", example: "{NODE_ENV: production}")
            return
        }
        for pair in pairs {
            let path = field.path + "." + pair.key
            guard !pair.key.isEmpty, !pair.key.contains("="), !pair.key.utf8.contains(0) else {
                report.error(
                    at: pair.keyPlace,
                    path: path,
                    "\(Scalar(text: pair.key, value: .string).quotedText) is not a name for a variable",
                    hint: "a name is not empty and holds no \"=\""
                )
                continue
            }
            if Self.reserved.contains(pair.key) {
                report.warning(
                    at: pair.keyPlace,
                    path: path,
                    "\(pair.key) has no effect: koomyd sets it for each worker"
                )
            }
            environment[pair.key] = Self.value(pair.value)
        }
    }

    /// Numbers and flags as they were written, lists and mappings as JSON; nil for null.
    private static func value(_ node: Node) -> String? {
        guard let scalar = node.scalar else { return CompactJSON.encode(node) }
        return scalar.value == .null ? nil : scalar.text
    }

    func slotVariable() -> String? {
        guard let field = fields[.instanceVar], let name = field.text(example: "NODE_APP_INSTANCE") else { return nil }
        guard !name.contains("="), let first = name.utf8.first, !ASCII.isDigit(first) else {
            field.fail("\"\(name)\" is not a name for a variable", hint: "for example instance_var: INSTANCE")
            return nil
        }
        return name
    }

    /// The value of PORT: the file's, or that of the first TCP listener.
    func port(of spec: AppSpec) -> UInt16? {
        var port = fields[.port]?.integer(UInt16(1)...UInt16.max, example: "3000")
        if fields[.port] == nil {
            for case .tcp(_, let number) in spec.listeners.map(\.address) where number != 0 && port == nil {
                port = number
            }
        }
        if let port, let declared = spec.environment["PORT"], declared != "\(port)", let field = fields[.env] {
            field.warn(
                "PORT is \(port), not \(declared)",
                hint: "\(fields[.port] == nil ? "the first listener" : "\"port\"") gives it; take PORT out of env"
            )
        }
        return port
    }
}
