import KoomyCore

/// What one kind of probe does between its beginning and its answer.
protocol ProbeWork: AnyObject {
    /// Begins; `answer` is called once, at once or later, unless it is stopped before.
    func start(_ answer: @escaping (ProbeResult) -> Void)
    /// Gives up whatever it holds; no answer comes any more.
    func stop()
    /// What is missing, for `… within 5s`.
    var missing: String { get }
}

/// A probe that cannot be made, for a reason that is known beforehand.
final class ImpossibleProbe: ProbeWork {
    private let words: String

    init(_ words: String) { self.words = words }

    let missing = "no answer"

    func start(_ answer: @escaping (ProbeResult) -> Void) { answer(.failed(words)) }

    func stop() {}
}
