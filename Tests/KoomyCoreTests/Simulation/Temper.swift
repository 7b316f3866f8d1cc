import KoomyModel

/// How one process is going to behave.
struct Temper {
    enum Start { case works, fails, failsInExec }

    var start = Start.works
    /// From its start until it serves; nil for never.
    var boot: TimeSpan? = .milliseconds(50)
    /// From its start until it ends by itself.
    var life: TimeSpan?
    var end = ExitReason.exited(code: 1)
    /// From its start until it hangs: no sign of life, no answer, no reaction to TERM.
    var hang: TimeSpan?
    /// From its start until its health probe fails.
    var sickness: TimeSpan?
    /// From TERM until it ends; nil for one that takes no notice.
    var farewell: TimeSpan? = .milliseconds(20)
    /// What its descendants do when it has ended: gone at once, gone some time after TERM, or there until killed.
    var descendants = Descendants.none
    /// Bytes a second.
    var leak: UInt64 = 0
    var saysReadyTwice = false
    var asksForTime: TimeSpan?
    var ownsPort = false

    enum Descendants {
        case none, slow(TimeSpan), stubborn

        var isNone: Bool {
            switch self {
            case .none: true
            case .slow, .stubborn: false
            }
        }
    }

    /// What all processes of a version have in common.
    enum Version { case good, flaky, diesAtOnce, diesSoon, neverReady, sick, leaks }

    static func random(_ version: Version, _ dice: inout Dice) -> Temper {
        var temper = Temper()
        temper.boot = dice.milliseconds(0...800)
        temper.farewell = dice.chance(8) ? nil : dice.milliseconds(0...1_500)
        temper.saysReadyTwice = dice.chance(10)
        if dice.chance(5) { temper.asksForTime = dice.milliseconds(1...6_000) }
        temper.descendants = dice.pick([
            .none, .none, .none, .slow(dice.milliseconds(0...2_000)), .stubborn,
        ])
        temper.end = dice.pick([
            .exited(code: 1), .exited(code: 1), .exited(code: 0), .exited(code: 3), .unknown,
            .signaled(.abort, dumpedCore: true),
        ])
        switch version {
        case .good: break
        case .flaky:
            temper.start = dice.pick([.works, .works, .works, .works, .works, .fails, .failsInExec])
            if dice.chance(10) { temper.boot = nil }
            if dice.chance(15) { temper.boot = dice.milliseconds(500...9_000) }
            if dice.chance(40) { temper.life = dice.milliseconds(0...12_000) }
            if dice.chance(15) { temper.hang = dice.milliseconds(0...6_000) }
            if dice.chance(15) { temper.sickness = dice.milliseconds(0...6_000) }
            if dice.chance(25) { temper.leak = UInt64(dice.roll(1...60)) << 20 }
        case .diesAtOnce: temper.life = dice.milliseconds(0...20)
        case .diesSoon: temper.life = dice.milliseconds(800...3_000)
        case .neverReady: temper.boot = nil
        case .sick: temper.sickness = dice.milliseconds(0...1_500)
        case .leaks: temper.leak = UInt64(dice.roll(10...60)) << 20
        }
        return temper
    }
}
