package import KoomyModel
package import KoomySystem

/// One thing that a worker said on its notify socket (sd_notify(3)), or why what came was not taken.
package enum NotifyMessage: Hashable, Sendable {
    case ready
    case stopping
    case reloading
    case watchdog
    /// `WATCHDOG=trigger`: it asks to be treated as hung.
    case watchdogTrigger
    /// It needs this much more time, counted from now, for what it is doing.
    case extendTimeout(TimeSpan)
    /// A line for people, fit for a terminal; empty where it takes the last one back.
    case status(String)
    /// It names its main process; whether that is one of its own, nobody has checked.
    case mainProcess(ProcessID)
    /// An assignment that means nothing here, or whose value is malformed: its name.
    case unknown(String)
    /// A message that was not taken, and why.
    case refused(pid: ProcessID, reason: String)
}
