import CSystemd
import Glibc
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

    /// Gives systemd copies of descriptors to keep beyond our end, under a name they share (FDSTORE=1 of sd_notify(3)).
    ///
    /// It does not look whether one of them has hung up, as it else would, closing it then. One that it has already is
    /// not stored again, and beyond FileDescriptorStoreMax= none is, both without a word. Returns false where there is no
    /// systemd; throws EINVAL for a name that cannot be one, EAGAIN where systemd has no room for a message now.
    @discardableResult
    package func store(_ descriptors: [Int32], name: String) throws(SystemError) -> Bool {
        try sendAtOnce("FDSTORE=1\nFDPOLL=0\nFDNAME=\(try Self.checked(name))", descriptors, name)
    }

    /// Has systemd close what was stored under a name.
    @discardableResult
    package func removeStored(name: String) throws(SystemError) -> Bool {
        try sendAtOnce("FDSTOREREMOVE=1\nFDNAME=\(try Self.checked(name))", [], name)
    }

    /// Whether this can be the name of stored descriptors: 1 to 255 printable ASCII characters and no colon, which
    /// separates them in LISTEN_FDNAMES.
    package static func isDescriptorName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
    }

    private static func checked(_ name: String) throws(SystemError) -> String {
        guard isDescriptorName(name) else { throw SystemError("name descriptors", .invalidArgument, subject: name) }
        return name
    }

    /// sd_notify(3) waits where systemd's queue is full; the path is therefore written to here, and only what is no path,
    /// an abstract or a vsock address, is left to it.
    private func sendAtOnce(_ state: String, _ descriptors: [Int32], _ name: String) throws(SystemError) -> Bool {
        if let path = getenv("NOTIFY_SOCKET"), path.pointee == CChar(bitPattern: UInt8(ascii: "/")) {
            try DatagramSocket.send(state.utf8, to: String(cString: path), descriptors: descriptors)
            return true
        }
        let result = sd_pid_notify_with_fds(0, 0, state, descriptors, UInt32(descriptors.count))
        return try check(result, "sd_notify", name) > 0
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
