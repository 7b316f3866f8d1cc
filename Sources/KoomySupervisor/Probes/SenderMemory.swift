import KoomyModel
import KoomySystem

/// Remembers for a moment which processes belong to a worker.
nonisolated struct SenderMemory {
    private struct Answer {
        var isOwn: Bool
        var expires: Instant
    }

    private let clock: () -> Instant
    private var answers: [ProcessID: Answer] = [:]

    /// Short enough that a number cannot come round to another process meanwhile.
    private static let longestLife = TimeSpan.milliseconds(200)
    /// A stranger may become a worker's own by then: a process that was only just started.
    private static let lifeOfNo = TimeSpan.milliseconds(20)
    /// A no lives this many times as long as it took, so that strangers cannot keep the loop busy with asking.
    private static let patience: Int64 = 10
    private static let capacity = 64

    init(clock: @escaping () -> Instant = MonotonicClock.now) { self.clock = clock }

    var count: Int { answers.count }

    /// What is remembered, or else what is asked for now.
    mutating func isOwn(_ pid: ProcessID, _ ask: (ProcessID) -> Bool) -> Bool {
        // The kernel says 0 of a process that this pid namespace does not show.
        guard pid > 0 else { return false }
        let began = clock()
        if let answer = answers[pid], began < answer.expires { return answer.isOwn }
        let isOwn = ask(pid)
        let now = clock()
        if answers.count >= Self.capacity { answers = answers.filter { now < $0.value.expires } }
        if answers.count >= Self.capacity { answers = [:] }
        let life = isOwn ? Self.longestLife : max(Self.lifeOfNo, (now - began) * Self.patience)
        answers[pid] = Answer(isOwn: isOwn, expires: now + min(life, Self.longestLife))
        return isOwn
    }
}
