import KoomyModel

/// How a worker is asked to leave, and what ends its drain.
extension AppReader {
    func stop() -> StopPolicy {
        var policy = StopPolicy()
        policy.signal = stopSignal() ?? policy.signal
        policy.killTimeout =
            fields[.killTimeout]?.duration(zero: true, warnsIfShort: true, example: "10s")
            ?? policy.killTimeout
        policy.preDrain = fields[.preDrain]?.duration(zero: true, example: "2s") ?? policy.preDrain
        policy.preDrainHook = preDrainHook()
        policy.connectionTimeout = connectionTimeout(after: policy.killTimeout)
        policy.drain = fields[.drain]?.word(StopPolicy.Drain.self) ?? policy.drain
        if let field = fields[.shutdownWithMessage], field.flag() == true {
            field.fail(
                "workers are asked to leave by a signal, not by a message",
                hint: "handle SIGTERM in the program, and take this out"
            )
        }
        return policy
    }

    private func stopSignal() -> Signal? {
        guard let field = fields[.stopSignal], let text = field.text("a signal", example: "SIGTERM") else { return nil }
        guard let signal = Signal(parsing: text) else {
            field.fail("\"\(text)\" is not a signal", hint: "for example \(field.name): SIGTERM")
            return nil
        }
        if signal == .kill || signal == .stop {
            field.fail("\(signal) cannot be caught, so no worker could finish its work", hint: "for example SIGTERM")
        }
        return signal
    }

    private func preDrainHook() -> [String] {
        guard let field = fields[.preDrainHook], let words = field.words() else {
            return []
        }
        if words.first?.isEmpty != false {
            field.fail("this hook runs no command", hint: #"for example pre_drain_hook: ["./deregister", "--now"]"#)
        }
        return words
    }

    /// It counts from the stop signal as `kill_timeout` does, and would mean nothing if it were over first.
    private func connectionTimeout(after killTimeout: TimeSpan) -> TimeSpan? {
        guard let field = fields[.connectionTimeout],
            let span = field.duration(zero: true, warnsIfShort: true, example: "5m"), span > .zero
        else { return nil }
        guard span > killTimeout else {
            field.fail(
                "\"\(field.name)\" is over before kill_timeout, \(killTimeout)",
                hint: "both count from the stop signal: a connection that is open when kill_timeout is over "
                    + "is left until \(field.name)"
            )
            return nil
        }
        return span
    }
}
