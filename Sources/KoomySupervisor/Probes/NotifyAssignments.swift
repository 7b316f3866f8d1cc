import KoomyModel
import KoomySystem

/// What the assignments of one datagram say together.
///
/// Of `READY`, `STOPPING` and `RELOADING` the last counts, as systemd has it, and of several values of one name the last.
nonisolated struct NotifyAssignments {
    private var mainProcess: NotifyMessage?
    private var phase: NotifyMessage?
    private var status: NotifyMessage?
    private var moreTime: NotifyMessage?
    private var watchdog: NotifyMessage?
    private var unknown: [NotifyMessage] = []

    /// Unknown names beyond this many in one datagram are not told.
    private static let mostUnknown = 4

    /// Reads lines `NAME=value`.
    init(parsing text: some StringProtocol) {
        for line in text.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "="), sign != line.startIndex else {
                addUnknown(line)
                continue
            }
            let name = line[..<sign]
            if !take(String(name), line[line.index(after: sign)...]) { addUnknown(name) }
        }
    }

    /// In the order in which they are to be acted on: an extension belongs to the phase that begins with it.
    var messages: [NotifyMessage] { [mainProcess, phase, status, moreTime, watchdog].compactMap { $0 } + unknown }

    /// False for a name or a value that means nothing here.
    private mutating func take(_ name: String, _ value: some StringProtocol) -> Bool {
        switch (name, String(value)) {
        case ("READY", "1"): phase = .ready
        case ("STOPPING", "1"): phase = .stopping
        case ("RELOADING", "1"): phase = .reloading
        case ("WATCHDOG", "1"): watchdog = .watchdog
        case ("WATCHDOG", "trigger"): watchdog = .watchdogTrigger
        case ("STATUS", let text): status = .status(StatusText.sanitized(text))
        case ("EXTEND_TIMEOUT_USEC", let text):
            guard let microseconds = Self.number(text) else { return false }
            moreTime = .extendTimeout(.microseconds(Int64(clamping: microseconds)))
        case ("MAINPID", let text):
            guard let pid = Self.number(text).flatMap(ProcessID.init(exactly:)), pid > 0 else { return false }
            mainProcess = .mainProcess(pid)
        // The first only goes with RELOADING=1; the second is answered when its descriptor is closed.
        case ("MONOTONIC_USEC", _), ("BARRIER", "1"): break
        default: return false
        }
        return true
    }

    private mutating func addUnknown(_ name: some StringProtocol) {
        let message = NotifyMessage.unknown(StatusText.sanitized(name, most: 64))
        guard unknown.count < Self.mostUnknown, !unknown.contains(message) else { return }
        unknown.append(message)
    }

    /// Digits only; `UInt64.init` would also take a plus sign.
    private static func number(_ text: String) -> UInt64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(text)
    }
}
