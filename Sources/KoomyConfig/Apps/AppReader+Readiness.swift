import KoomyModel

/// What `ready` says in one word.
private enum ReadyWord: String, CaseIterable {
    case auto, notify, ipc, observed, uptime
}

extension AppReader {
    func readiness(_ surroundings: Surroundings, interpreter: String?) -> ReadinessRule {
        let waits = fields[.waitReady]?.flag() == true
        guard let field = fields[.ready] else {
            guard waits else { return .automatic }
            // PM2 waits for process.send('ready'), which only node has a channel for.
            let program = interpreter.map(PathResolver.baseName(of:))
            return program == "node" || program == "nodejs" ? .ipc : .notify
        }
        if waits, let other = fields[.waitReady] {
            other.fail("\"\(other.name)\" and \"ready\" both say what proves readiness", hint: "keep ready")
        }
        return rule(field, surroundings) ?? .automatic
    }

    private func rule(_ field: Field, _ surroundings: Surroundings) -> ReadinessRule? {
        if let pairs = field.pairs {
            guard pairs.count == 1, let pair = pairs.first, pair.key == "fd" else {
                return readinessProbe(field, pairs, surroundings).map(ReadinessRule.probe)
            }
            let number = Field(
                name: "fd",
                path: field.path + ".fd",
                node: pair.value,
                keyPlace: pair.keyPlace,
                report: report
            )
            return number.integer(Int32(3)...255, example: "5").map(ReadinessRule.descriptor)
        }
        if let text = field.node.scalar?.text, text.hasPrefix("fd:"), let number = Int32(text.dropFirst(3)) {
            guard (3...255).contains(number) else {
                field.fail("a descriptor for readiness is 3 to 255, not \(number)", hint: "for example ready: {fd: 5}")
                return nil
            }
            return .descriptor(number)
        }
        guard field.node.scalar != nil else {
            field.mismatch("a word or a mapping", example: "notify")
            return nil
        }
        switch field.word(ReadyWord.self) {
        case .auto: return .automatic
        case .notify: return .notify
        case .ipc: return .ipc
        case .observed: return .observed
        case .uptime:
            guard surroundings.listeners.isEmpty else {
                field.fail(
                    "an app that listens is not ready because time has passed",
                    hint: "ready: auto sees it wait on its listener; or let it say so with ready: notify"
                )
                return nil
            }
            return .uptime
        case nil: return nil
        }
    }
}

// MARK: - What is handed to a worker

extension AppReader {
    /// Whether koomyd opens a private socket for each worker.
    private func hasProbeSocket(_ spec: AppSpec) -> Bool {
        if spec.health?.usesPrivateSocket == true { return true }
        if case .probe(let probe) = spec.readiness { return probe.usesPrivateSocket }
        return false
    }

    /// A readiness descriptor must not be one that a listener is passed as: those are the first from 3.
    func checkDescriptor(of spec: AppSpec) {
        guard case .descriptor(let number) = spec.readiness else { return }
        let firstFree = 3 + spec.listeners.count + (hasProbeSocket(spec) ? 1 : 0)
        guard number < firstFree else { return }
        fields[.ready]?.fail(
            "descriptor \(number) is a socket of the worker: those are 3 to \(firstFree - 1)",
            hint: "for example ready: {fd: \(firstFree)}"
        )
    }

    /// `{fd}`, `{fd:name}` and `{probe_fd}` in arguments have to stand for something.
    func checkPlaceholders(of spec: AppSpec) {
        forEachPlaceholder(.args, spec.command.arguments) { check($0, $1, spec) }
        forEachPlaceholder(.interpreterArgs, spec.command.interpreterArguments) { placeholder, field in
            guard ["fd", "probe_fd", "slot"].contains(placeholder) || placeholder.hasPrefix("fd:") else { return }
            field.fail("{\(placeholder)} stands for nothing here", hint: "placeholders are replaced in args only")
        }
    }

    private func forEachPlaceholder(_ key: AppAttribute, _ arguments: [String], _ body: (Substring, Field) -> Void) {
        guard let field = fields[key] else { return }
        let items = field.items
        for (index, argument) in arguments.enumerated() {
            // A text that was split has one place for all its words.
            let place = items.count == arguments.count ? items[index] : field
            for placeholder in Self.placeholders(in: argument) { body(placeholder, place) }
        }
    }

    /// The texts between braces.
    private static func placeholders(in text: String) -> [Substring] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstIndex(of: "}").map { part[..<$0] }
        }
    }

    private func check(_ placeholder: Substring, _ field: Field, _ spec: AppSpec) {
        if placeholder == "probe_fd" {
            guard !hasProbeSocket(spec) else { return }
            field.fail("{probe_fd} stands for nothing: no probe uses a private socket", hint: "add health: /health")
        } else if placeholder == "fd" {
            guard spec.listeners.isEmpty else { return }
            field.fail("{fd} stands for nothing: the app has no listener", hint: "add listen: 5000")
        } else if placeholder.hasPrefix("fd:") {
            let name = String(placeholder.dropFirst(3))
            let names = spec.listeners.map(\.name)
            guard !names.contains(name) else { return }
            let suggestion = Spelling.suggestion(for: name, among: names).map { "did you mean {fd:\($0)}?" }
            let list = names.isEmpty ? "the app has no listener" : "its listeners are \(names.joined(separator: ", "))"
            field.fail("{fd:\(name)} names no listener", hint: suggestion ?? list)
        }
    }
}
