import KoomyModel
import KoomySystem

/// Remembers for a moment which processes belong to a worker.
nonisolated struct SenderMemory {
    private struct Answer {
        var isOwn: Bool
        var expires: Instant
    }

    private var answers: [ProcessID: Answer] = [:]

    /// Short enough that a number cannot come round to another process meanwhile.
    private static let lifetime = TimeSpan.milliseconds(200)
    /// A stranger may become a worker's own by then: a process that was only just started.
    private static let lifetimeOfNo = TimeSpan.milliseconds(20)
    private static let capacity = 64

    /// What is remembered, or else what is asked for now.
    mutating func isOwn(_ pid: ProcessID, at now: Instant, _ ask: (ProcessID) -> Bool) -> Bool {
        if let answer = answers[pid], now < answer.expires { return answer.isOwn }
        let isOwn = ask(pid)
        if answers.count >= Self.capacity { answers = answers.filter { now < $0.value.expires } }
        if answers.count >= Self.capacity { answers = [:] }
        answers[pid] = Answer(isOwn: isOwn, expires: now + (isOwn ? Self.lifetime : Self.lifetimeOfNo))
        return isOwn
    }
}
