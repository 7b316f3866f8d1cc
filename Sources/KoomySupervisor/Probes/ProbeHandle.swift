/// A probe that is under way.
///
/// It goes on without anybody holding this.
package final class ProbeHandle {
    private weak var runner: ProbeRunner?
    private let number: UInt64

    init(runner: ProbeRunner, number: UInt64) {
        self.runner = runner
        self.number = number
    }

    /// Whether its completion has been called, or never will be.
    package var isFinished: Bool { runner?.isPending(number) != true }

    /// Gives the probe up; its completion is not called any more.
    package func cancel() { runner?.cancel(number) }
}
