import KoomyModel

/// Who decides when the canary's time is over.
private enum Promotion: String, CaseIterable {
    case auto, manual
}

// MARK: - How fast a rollout may go on

extension AppReader {
    func readPace(into policy: inout RolloutPolicy, instances: Int) {
        policy.canary = canary(instances: instances)
        policy.canaryTime =
            fields[.canaryTime]?.duration(zero: true, warnsIfShort: true, example: "60s") ?? policy.canaryTime
        if let promotion = fields[.promote]?.word(Promotion.self) {
            policy.promotesAutomatically =
                switch promotion {
                case .auto: true
                case .manual: false
                }
        }
        policy.stagger = fields[.stagger]?.duration(zero: true, example: "5s") ?? policy.stagger
        policy.memoryShortage =
            fields[.memoryShort]?.word(RolloutPolicy.MemoryShortage.self) ?? policy.memoryShortage
        if let field = fields[.pressureLimit] {
            policy.pressureLimit = field.isFalse ? 100 : pressureLimit(field) ?? policy.pressureLimit
        }
    }

    /// A canary of all workers would be the rollout itself.
    private func canary(instances: Int) -> Int {
        guard let count = workers(.canary, of: instances, rounding: .up, example: "1"), count > 0 else { return 0 }
        guard count >= instances, let field = fields[.canary] else { return count }
        let workers = instances == 1 ? "there is 1 worker" : "there are \(instances) workers"
        field.warn(
            "\"\(field.name)\" has no effect: \(workers), and a canary is fewer than all",
            hint: instances == 1 ? "instances: 2 at least" : "at most \(instances - 1)"
        )
        return 0
    }

    /// In per cent, with or without the sign.
    private func pressureLimit(_ field: Field) -> Double? {
        let scalar = field.node.scalar
        guard let value = scalar.flatMap({ Field.number($0) ?? Field.percentage($0.text) }) else {
            field.mismatch("a percentage, or false", example: "40")
            return nil
        }
        guard value > 0, value <= 100 else {
            field.fail(
                "\"\(field.name)\" is more than 0 and at most 100 per cent, not \(scalar?.text ?? "")",
                hint: "for example \(field.name): 40; false for no limit"
            )
            return nil
        }
        return value
    }
}
