import CKoomyLinux
package import KoomyModel

/// Signals that do nothing but wait to be noticed, in a program without an event loop (signalfd(2)).
package struct PendingSignals: ~Copyable, Sendable {
    /// Readable while one of them is pending; reading is not needed to find that out.
    package let descriptor: FileDescriptor
    private let signals: [Signal]

    /// Blocks the signals; until `letGo` none of them does what it does otherwise.
    package init(holding signals: [Signal]) throws(SystemError) {
        try SignalMask.block(signals)
        let number = try check(koomy_open_signals(signals.map(\.number), signals.count), "signalfd")
        descriptor = FileDescriptor(owning: number)
        self.signals = signals
    }

    /// Whether one of them has come.
    package var hasCome: Bool {
        (try? Poll.wait([Poll.Entry(descriptor.number, .readable)], atMost: .zero))?.first?.contains(.readable) ?? false
    }

    /// Lets them do what they do; one that has come does it now.
    package borrowing func letGo() throws(SystemError) { try SignalMask.unblock(signals) }
}
