import Glibc
package import KoomyModel

/// A process that no later one can be mistaken for: its number and when it began.
package struct ProcessIdentity: Hashable, Sendable, Codable {
    package var pid: ProcessID
    /// In clock ticks since boot.
    package var startTime: UInt64

    package init(pid: ProcessID, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// What proc_pid_stat(5) says of a process.
package struct ProcessStat: Hashable, Sendable {
    package var pid: ProcessID
    package var name: String
    /// `R`, `S`, `D`, `Z`, `T` and so on.
    package var state: UInt8
    package var parent: ProcessID
    package var group: ProcessID
    package var session: ProcessID
    /// CPU time of its threads, in user and kernel mode, without its children's.
    package var cpuTime: TimeSpan
    package var threads: UInt64
    /// In clock ticks since boot.
    package var startTime: UInt64
    /// Approximate (proc_pid_statm(5)).
    package var residentPages: UInt64

    package var identity: ProcessIdentity { ProcessIdentity(pid: pid, startTime: startTime) }

    /// It has ended: only its exit status is left.
    package var isDead: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    package var residentMemory: ByteCount { ByteCount(bytes: residentPages * UInt64(getpagesize())) }

    /// nil where there is no such process.
    package init?(of pid: ProcessID) {
        guard let bytes = ProcFS.read(pid, "stat", most: 1_024) else { return nil }
        self.init(parsing: bytes)
    }

    /// Reads a line of stat; the name in parentheses may hold blanks and parentheses of its own.
    init?(parsing bytes: [UInt8]) {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close, let pid = ByteCursor.number(bytes[..<max(0, open - 1)])
        else { return nil }
        var words = ByteCursor(bytes[(close + 1)...])
        guard let state = words.nextWord()?.first, let parent = words.nextSigned(), let group = words.nextSigned(),
            let session = words.nextSigned()
        else { return nil }
        // tty_nr, tpgid, flags, minflt, cminflt, majflt, cmajflt
        words.skipWords(7)
        guard let userTicks = words.nextNumber(), let kernelTicks = words.nextNumber() else { return nil }
        // cutime, cstime, priority, nice
        words.skipWords(4)
        guard let threads = words.nextNumber() else { return nil }
        // itrealvalue
        words.skipWords(1)
        guard let startTime = words.nextNumber(), words.nextNumber() != nil, let pages = words.nextSigned() else {
            return nil
        }
        self.pid = ProcessID(truncatingIfNeeded: pid)
        name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        self.state = state
        self.parent = ProcessID(truncatingIfNeeded: parent)
        self.group = ProcessID(truncatingIfNeeded: group)
        self.session = ProcessID(truncatingIfNeeded: session)
        cpuTime = TimeSpan(nanoseconds: Int64(clamping: userTicks &+ kernelTicks)) * Self.nanosecondsPerTick
        self.threads = threads
        self.startTime = startTime
        residentPages = UInt64(max(0, pages))
    }

    private static let nanosecondsPerTick = 1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
}
