import KoomyModel

@testable import KoomyCore

/// What exists of one worker outside koomyd.
struct FakeProcess {
    enum State {
        case ordered
        case running
        /// It has ended, and koomyd has not been told.
        case zombie
        /// Its descendants are left, or koomyd has not been told that none is.
        case orphans
        /// Nothing of it is left, and koomyd, which is away, has not been told.
        case vanished
    }

    var spec: AppSpec
    let slot: Int
    let generation: Generation
    var temper: Temper
    var state = State.ordered
    var startedAt: Instant
    var isAsked = false
    /// When it was asked, and by which signal.
    var asked: (at: Instant, signal: Signal)?
    /// The open connections that koomyd was told of last, and since when that has been so.
    var told: (connections: Int?, since: Instant)?
    var isWatched = false
    var isKilled = false
    var areDescendantsAsked = false
    /// Whether a koomyd that comes back finds a record of it; of one that just started only its environment tells.
    var isRecorded = true
    /// How it ended while nobody could be told.
    var lateEnd: ExitReason?
    /// When it first gave koomyd the evidence that its specification asks for.
    var provedAt: Instant?
    /// When its health probe last succeeded.
    var healthyAt: Instant?

    func hangs(at now: Instant) -> Bool { temper.hang.map { now - startedAt >= $0 } ?? false }

    func serves(at now: Instant) -> Bool {
        guard state == .running, let boot = temper.boot, !hangs(at: now) else { return false }
        return now - startedAt >= boot
    }

    func isSick(at now: Instant) -> Bool { temper.sickness.map { now - startedAt >= $0 } ?? false }

    func memory(at now: Instant) -> ByteCount {
        let age = UInt64(max(0, (now - startedAt).milliseconds))
        return ByteCount(bytes: (40 << 20) + temper.leak / 1_000 * age)
    }

    /// Whether what koomyd has been told proves that it serves.
    func hasProof(at now: Instant) -> Bool {
        provedAt != nil || (Worker.Policy(spec).provesByUptime && now - startedAt >= spec.restart.minUptime)
    }
}
