import KoomyModel

/// Specifications as an operator might write them, with times short enough that a lot happens.
extension AppSpec {
    static func random(_ name: AppName, version: Int, _ dice: inout Dice) -> AppSpec {
        var spec = AppSpec(
            name: name,
            command: Command(script: "x"),
            workingDirectory: "/",
            environment: ["VERSION": "\(version)"],
            instances: dice.roll(1...4)
        )
        if dice.chance(70) {
            let address = ListenAddress.tcp(host: "127.0.0.1", port: UInt16(dice.roll(1...9)))
            spec.listeners = [ListenerSpec(name: "web", address: address)]
        }
        spec.readiness = dice.pick([
            .automatic, .automatic, .notify, .descriptor(3), .ipc, .observed, .uptime, .probe(.random(&dice)),
        ])
        if dice.chance(40) { spec.health = .random(&dice) }
        if dice.chance(20) { spec.watchdog = dice.milliseconds(1_000...3_000) }
        spec.startsAutomatically = dice.chance(95)
        spec.restart = .random(&dice)
        spec.rollout = .random(&dice)
        spec.stop = .random(&dice)
        if dice.chance(30) { spec.recycle.maxMemory = ByteCount(bytes: 100 << 20) }
        if dice.chance(10) { spec.recycle.hardMemory = ByteCount(bytes: 120 << 20) }
        if dice.chance(20) { spec.recycle.maxAge = dice.milliseconds(60_000...120_000) }
        if dice.chance(20) { spec.recycle.schedule = .everySecond }
        return spec
    }
}

extension Probe {
    static func random(_ dice: inout Dice) -> Probe {
        Probe(
            kind: .tcp(target: .privateSocket),
            interval: dice.milliseconds(300...4_000),
            timeout: dice.milliseconds(100...1_000),
            retries: dice.roll(1...3),
            startPeriod: dice.chance(50) ? .zero : dice.milliseconds(0...3_000)
        )
    }
}

extension RestartPolicy {
    static func random(_ dice: inout Dice) -> RestartPolicy {
        var policy = RestartPolicy()
        policy.isAutomatic = dice.chance(92)
        policy.minUptime = dice.milliseconds(200...4_000)
        policy.maxRestarts = dice.roll(1...6)
        policy.window = .seconds(120)
        policy.delay = dice.milliseconds(20...500)
        policy.maxDelay = dice.milliseconds(500...4_000)
        policy.fixedDelay = dice.chance(80) ? .zero : dice.milliseconds(10...500)
        policy.erroredRetry = dice.chance(10) ? .zero : dice.milliseconds(5_000...60_000)
        if dice.chance(20) { policy.stopExitCodes = [3] }
        return policy
    }
}

extension StopPolicy {
    static func random(_ dice: inout Dice) -> StopPolicy {
        var policy = StopPolicy()
        policy.killTimeout = dice.milliseconds(200...4_000)
        if dice.chance(20) { policy.preDrain = dice.milliseconds(50...3_000) }
        if dice.chance(20) { policy.preDrainHook = ["x"] }
        if dice.chance(30) { policy.connectionTimeout = policy.killTimeout + dice.milliseconds(100...9_000) }
        if dice.chance(25) { policy.drain = .idle }
        return policy
    }
}

extension RolloutPolicy {
    static func random(_ dice: inout Dice) -> RolloutPolicy {
        var policy = RolloutPolicy()
        policy.order = dice.pick([.automatic, .automatic, .newFirst, .stopFirst])
        policy.surge = dice.roll(0...2)
        policy.unavailable = dice.pick([0, 0, 1])
        policy.healthyTime = dice.milliseconds(0...2_000)
        policy.readyTimeout = dice.milliseconds(1_000...8_000)
        policy.canary = dice.pick([0, 0, 1, 2])
        policy.canaryTime = dice.milliseconds(0...5_000)
        policy.promotesAutomatically = dice.chance(80)
        policy.stagger = dice.chance(70) ? .zero : dice.milliseconds(1...3_000)
        policy.memoryShortage = dice.pick(RolloutPolicy.MemoryShortage.allCases)
        if dice.chance(50) { policy.pressureLimit = 100 }
        return policy
    }
}

extension CronSchedule {
    static let everySecond = CronSchedule(
        text: "* * * * * *",
        seconds: .max,
        minutes: .max,
        hours: .max,
        days: .max,
        months: .max,
        weekdays: .max,
        anyDay: true,
        anyWeekday: true
    )
}
