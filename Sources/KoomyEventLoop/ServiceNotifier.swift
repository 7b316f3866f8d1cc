import CSystemd
package import KoomyModel
package import KoomySystem

/// Tells systemd how this service is (sd_notify(3)); does nothing where systemd did not ask to be told.
///
/// The variables of systemd stay in our environment, because sd-event reads them each time it feeds the watchdog;
/// children never see them, because `Spawner` gives each an environment of its own.
package struct ServiceNotifier {
    /// What there is to tell.
    package enum Message: Hashable, Sendable {
        case ready
        /// One line for people.
        case status(String)
        /// A reload begins; `ready` ends it.
        case reloading
        case stopping
        case watchdog
        /// Allow this much more time for what is going on.
        case extendTimeout(TimeSpan)
        case mainProcess(ProcessID)
        /// Anything else, as `NAME=value` (several lines allowed).
        case raw(String)
    }

    package init() {}

    /// Sends messages as one; false where nobody listens.
    @discardableResult
    package func send(_ messages: Message...) throws(SystemError) -> Bool {
        let state = messages.map(Self.text).joined(separator: "\n")
        return try check(sd_notify(0, state), "sd_notify") > 0
    }

    /// Gives systemd a copy of a descriptor to keep beyond our end (FDSTORE=1).
    @discardableResult
    package func store(_ descriptor: Int32, name: String) throws(SystemError) -> Bool {
        let state = "FDSTORE=1\nFDNAME=\(name)"
        return try check(sd_pid_notify_with_fds(0, 0, state, [descriptor], 1), "sd_notify", name) > 0
    }

    /// Has systemd close what was stored under a name.
    @discardableResult
    package func removeStored(name: String) throws(SystemError) -> Bool {
        try check(sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=\(name)"), "sd_notify", name) > 0
    }

    private static func text(of message: Message) -> String {
        switch message {
        case .ready: "READY=1"
        case .status(let text): "STATUS=\(text.split(separator: "\n").joined(separator: " "))"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.now().nanoseconds / 1_000)"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .extendTimeout(let span): "EXTEND_TIMEOUT_USEC=\(max(0, span.nanoseconds / 1_000))"
        case .mainProcess(let pid): "MAINPID=\(pid)"
        case .raw(let text): text
        }
    }
}
