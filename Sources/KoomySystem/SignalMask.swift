import CKoomyLinux
import Glibc
package import KoomyModel

/// Which signals reach this process only through the event loop.
package enum SignalMask {
    /// Blocks signals for this thread and the threads it makes later, so call it first thing in main.
    ///
    /// A signal that is not blocked takes its default action, whatever the event loop has asked for (signalfd(2)).
    package static func block(_ signals: [Signal]) throws(SystemError) {
        try check(koomy_block_signals(signals.map(\.number), signals.count), "block signals")
    }

    package static func unblock(_ signals: [Signal]) throws(SystemError) {
        try check(koomy_unblock_signals(signals.map(\.number), signals.count), "unblock signals")
    }

    package static func isBlocked(_ signal: Signal) -> Bool { koomy_is_signal_blocked(signal.number) == 1 }

    /// A write to a pipe or socket without a reader then fails with EPIPE instead of ending the process.
    package static func ignoreBrokenPipes() throws(SystemError) {
        try check(koomy_ignore_signal(SIGPIPE), "ignore SIGPIPE")
    }
}
