import KoomyModel

/// The attributes of a probe.
enum ProbeAttribute: String, Vocabulary {
    case http, tcp, exec, port, unix, status, interval, timeout, retries, trace
    case startPeriod = "start_period"
}

extension AppReader {
    private static let probeExample = "{http: /health}"

    /// Often enough to notice readiness at once; a probe of a worker that does not listen yet costs nothing.
    private static let readinessInterval = TimeSpan.milliseconds(250)

    func health(_ surroundings: Surroundings) -> Probe? {
        guard let field = fields[.health] else { return nil }
        if let scalar = field.node.scalar {
            if scalar.value == .bool(false) { return nil }
            if scalar.text.hasPrefix("/") {
                return Probe(kind: .http(target: .privateSocket, path: scalar.text, status: nil))
            }
        }
        guard let pairs = field.pairs else {
            field.mismatch("a path or a mapping", example: Self.probeExample)
            return nil
        }
        return probe(field.fields(pairs, of: "a probe", as: ProbeAttribute.self), surroundings)
    }

    /// The probe that `ready` describes; it is asked until it succeeds once.
    func readinessProbe(_ field: Field, _ pairs: [Node.Pair], _ surroundings: Surroundings) -> Probe? {
        let keys = field.fields(pairs, of: "a readiness probe", as: ProbeAttribute.self)
        if let field = keys[.trace] {
            field.fail(
                "\"\(field.name)\" means nothing in \"ready\": no worker is unhealthy by it",
                hint: "put it into \"health\""
            )
        }
        for key in [ProbeAttribute.retries, .startPeriod] {
            guard let field = keys[key] else { continue }
            field.fail(
                "\"\(field.name)\" means nothing in \"ready\": it is asked until it succeeds",
                hint: "ready_timeout bounds it"
            )
        }
        var probe = probe(keys, surroundings)
        if keys[.interval] == nil { probe?.interval = Self.readinessInterval }
        return probe
    }

    private func probe(_ keys: Fields<ProbeAttribute>, _ surroundings: Surroundings) -> Probe? {
        let interval = keys[.interval]?.duration(warnsIfShort: true, example: "10s")
        let timeout = keys[.timeout]?.duration(warnsIfShort: true, example: "5s")
        let retries = keys[.retries]?.integer(1...1000, example: "3")
        let startPeriod = keys[.startPeriod]?.duration(zero: true, warnsIfShort: true, example: "60s")
        let traces = keys[.trace]?.flag()
        guard let kind = kind(keys, surroundings) else { return nil }
        var probe = Probe(kind: kind)
        probe.traces = traces ?? probe.traces
        probe.interval = interval ?? probe.interval
        probe.timeout = timeout ?? probe.timeout
        probe.retries = retries.map { Int($0) } ?? probe.retries
        probe.startPeriod = startPeriod ?? probe.startPeriod
        return probe
    }

    private func kind(_ keys: Fields<ProbeAttribute>, _ surroundings: Surroundings) -> Probe.Kind? {
        let given = [keys[.http], keys[.tcp], keys[.exec]].compactMap(\.self)
        guard let field = given.first else {
            keys.fail("this probe asks nothing", hint: "give it one of http, tcp and exec, for example http: /health")
            return nil
        }
        if given.count > 1 {
            given[1].fail("a probe has one of http, tcp and exec", hint: "keep one of them")
            return nil
        }
        let status = keys[.status]?.integer(Int64(100)...599, example: "204")
        if keys[.http] == nil { keys[.status]?.fail("\"status\" is for http probes", hint: "take it out") }
        if keys[.exec] != nil {
            for key in [ProbeAttribute.port, .unix] {
                keys[key]?.fail("an exec probe has no address", hint: "take it out")
            }
            return command(of: field)
        }
        guard let target = target(keys, surroundings) else { return nil }
        if keys[.tcp] != nil {
            guard field.node.scalar?.value == .bool(true) else {
                field.fail(
                    "\"tcp\" is true, not \(field.node.summary)",
                    hint: "a port goes beside it: {tcp: true, port: 9000}"
                )
                return nil
            }
            return .tcp(target: target)
        }
        guard let path = field.text("a path", example: "/health") else { return nil }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            field.fail(
                "\"\(path)\" is not the path of a URL",
                hint: "for example http: /health; a port goes beside it: {http: /health, port: 9000}"
            )
            return nil
        }
        return .http(target: target, path: path, status: status.map { Int($0) })
    }

    private func command(of field: Field) -> Probe.Kind? {
        guard let words = field.words() else { return nil }
        guard words.first?.isEmpty == false else {
            field.fail("this probe runs no command", hint: #"for example exec: ["./check", "--quick"]"#)
            return nil
        }
        return .exec(arguments: words)
    }
}

// MARK: - What is asked

extension AppReader {
    private func target(_ keys: Fields<ProbeAttribute>, _ surroundings: Surroundings) -> Probe.Target? {
        if let field = keys[.unix] {
            keys[.port]?.fail("a probe has one of port and unix", hint: "keep one of them")
            return unixTarget(field, surroundings)
        }
        guard let field = keys[.port] else { return .privateSocket }
        let suffix = "+{slot}"
        let text = field.node.scalar?.text ?? ""
        let perSlot = text.hasSuffix(suffix)
        let digits = perSlot ? String(text.dropLast(suffix.count)) : text
        let last = Int64(UInt16.max) - (perSlot ? Int64(surroundings.instances - 1) : 0)
        guard let number = Int64(digits), (1...last).contains(number), let port = UInt16(exactly: number) else {
            field.fail(
                "\"port\" is a port of each worker, not \(field.node.summary)",
                hint: #"for example port: "9000+{slot}""#
            )
            return nil
        }
        let ports = number...(number + (perSlot ? Int64(surroundings.instances - 1) : 0))
        for listener in surroundings.listeners {
            guard case .tcp(_, let shared) = listener.spec.address, ports.contains(Int64(shared)) else { continue }
            field.fail(
                "port \(shared) is a listener of all workers: another worker could answer for this one",
                hint: "take \"port\" out: koomyd probes each worker by a socket of its own"
            )
            return nil
        }
        guard perSlot || surroundings.instances == 1 else {
            field.fail(
                "\(surroundings.instances) workers cannot all own port \(port)",
                hint: "take \"port\" out, or write port: \"\(port)+{slot}\""
            )
            return nil
        }
        return .port(port, perSlot: perSlot)
    }

    private func unixTarget(_ field: Field, _ surroundings: Surroundings) -> Probe.Target? {
        guard let path = path(field, from: surroundings.folder, example: "/run/app-{slot}.sock") else { return nil }
        if surroundings.listeners.contains(where: { $0.spec.address == .unix(path: path) }) {
            field.fail(
                "this socket is a listener of all workers: another worker could answer for this one",
                hint: "take \"unix\" out: koomyd probes each worker by a socket of its own"
            )
            return nil
        }
        guard path.contains("{slot}") || surroundings.instances == 1 else {
            field.fail("\(surroundings.instances) workers cannot all own this socket", hint: "put {slot} into the path")
            return nil
        }
        return .unix(path: path)
    }
}
