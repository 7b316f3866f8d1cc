import KoomyModel

// MARK: - Restart

extension AppReader {
    func restart() -> RestartPolicy {
        var policy = RestartPolicy()
        policy.isAutomatic = fields[.autorestart]?.flag() ?? policy.isAutomatic
        policy.minUptime = fields[.minUptime]?.duration(warnsIfShort: true, example: "10s") ?? policy.minUptime
        policy.maxRestarts = fields[.maxRestarts]?.integer(0...1_000, example: "10") ?? policy.maxRestarts
        policy.window = fields[.restartWindow]?.duration(warnsIfShort: true, example: "5m") ?? policy.window
        policy.fixedDelay = fields[.restartDelay]?.duration(zero: true, example: "1s") ?? policy.fixedDelay
        policy.delay = fields[.backoff]?.duration(zero: true, example: "100ms") ?? policy.delay
        if let maximum = fields[.maxBackoff]?.duration(zero: true, example: "15s") {
            policy.maxDelay = maximum
            if let field = fields[.maxBackoff], maximum < policy.delay {
                field.fail(
                    "\"\(field.name)\" is shorter than the first delay, \(policy.delay)",
                    hint: "at least \(policy.delay)"
                )
            }
        } else if policy.maxDelay < policy.delay {
            policy.maxDelay = policy.delay
        }
        policy.jitter = fields[.jitter]?.share(in: 0...1, example: "0.2") ?? policy.jitter
        policy.stopExitCodes = stopExitCodes()
        policy.erroredRetry =
            fields[.erroredRetry]?.duration(zero: true, warnsIfShort: true, example: "5m")
            ?? policy.erroredRetry
        return policy
    }

    private func stopExitCodes() -> Set<Int32> {
        guard let field = fields[.stopExitCodes] else { return [] }
        return Set(field.items.compactMap { $0.integer(Int32(0)...255, example: "[0, 3]") })
    }
}

// MARK: - Rollout and recycle

extension AppReader {
    func rollout(instances: Int) -> RolloutPolicy {
        var policy = RolloutPolicy()
        policy.order = fields[.replace]?.word(RolloutPolicy.Order.self) ?? policy.order
        policy.surge = workers(.surge, of: instances, rounding: .up, example: "1") ?? policy.surge
        policy.unavailable = workers(.unavailable, of: instances, rounding: .down, example: "0") ?? policy.unavailable
        policy.healthyTime = fields[.healthyTime]?.duration(zero: true, example: "2s") ?? policy.healthyTime
        policy.readyTimeout = fields[.readyTimeout]?.duration(warnsIfShort: true, example: "30s") ?? policy.readyTimeout
        readPace(into: &policy, instances: instances)
        if policy.surge == 0, policy.unavailable == 0, let field = fields[.surge] ?? fields[.unavailable] {
            let rounded = fields[.unavailable].flatMap { $0.node.scalar?.text.hasSuffix("%") == true ? $0 : nil }
            let reason = rounded.map { ", since \($0.node.scalar?.text ?? "") of \(instances) rounds down to 0" } ?? ""
            field.fail(
                "with surge 0 and unavailable 0 no worker could ever be replaced" + reason,
                hint: "surge: 1 starts the new worker first; unavailable: 1 stops the old one first"
            )
        }
        return policy
    }

    /// A number of workers, or a percentage of `instances`.
    func workers(
        _ key: AppAttribute,
        of instances: Int,
        rounding rule: FloatingPointRoundingRule,
        example: String
    ) -> Int? {
        guard let field = fields[key] else { return nil }
        guard let text = field.node.scalar?.text, text.hasSuffix("%") else {
            guard field.wholeNumber != nil else {
                field.mismatch("a number of workers or a percentage", example: "\(example) or \"25%\"")
                return nil
            }
            return field.integer(0...10_000, example: example)
        }
        guard let percentage = Field.percentage(text), (0...100).contains(percentage) else {
            field.fail("\"\(field.name)\" is 0% to 100%, not \(text)", hint: "for example \(field.name): \"25%\"")
            return nil
        }
        return Int((percentage * Double(instances) / 100).rounded(rule))
    }

    func recycle() -> RecyclePolicy {
        var policy = RecyclePolicy()
        let leastMemory = ByteCount(bytes: 1 << 20)
        policy.maxMemory = fields[.maxMemory]?.size(atLeast: leastMemory, example: "300M")
        policy.hardMemory = fields[.hardMemory]?.size(atLeast: leastMemory, example: "600M")
        if let field = fields[.hardMemory], let hard = policy.hardMemory, let soft = policy.maxMemory, hard < soft {
            field.fail(
                "\"\(field.name)\" is below max_memory, \(soft)",
                hint: "the worker is recycled at max_memory and killed at hard_memory"
            )
        }
        policy.maxAge = fields[.maxAge]?.duration(warnsIfShort: true, example: "24h")
        policy.schedule = schedule()
        return policy
    }

    /// PM2 takes 0 and false for no schedule.
    private func schedule() -> CronSchedule? {
        guard let field = fields[.cronRestart] else { return nil }
        if field.isFalse || field.node.scalar?.text == "0" { return nil }
        guard let text = field.text("a cron expression", example: #""0 4 * * *""#) else { return nil }
        return field.value { () throws(ValueProblem) in try CronExpression.parse(text) }
    }
}
