import CSystemd
import Glibc
package import KoomyModel
package import KoomySystem

/// The journal of systemd, as programs write to it.
package enum SystemJournal {
    /// A descriptor whose lines become entries of the journal (sd_journal_stream_fd(3)).
    ///
    /// Each has the app as SYSLOG_IDENTIFIER, the process that wrote it as _PID, and the priority `info`, or `notice` for
    /// standard error, unless the line begins with one, as `<3>`.
    ///
    /// - Throws: Where no journal runs.
    package static func stream(of app: AppName, _ stream: LogStream) throws(SystemError) -> FileDescriptor {
        let priority = stream == .out ? LOG_INFO : LOG_NOTICE
        let number = try check(sd_journal_stream_fd(app.text, priority, 1), "open a stream of the journal", "journald")
        return FileDescriptor(owning: number)
    }

    /// Says which worker a process is: what it writes has its number, and nothing else that tells workers apart.
    ///
    /// The entry has KOOMY_APP, KOOMY_SLOT, KOOMY_GENERATION and OBJECT_PID, and the app as SYSLOG_IDENTIFIER.
    package static func introduce(_ app: AppName, slot: Int, _ generation: Generation, pid: ProcessID) {
        let fields = [
            "MESSAGE=\(app):\(slot) of generation \(generation.number) is process \(pid)", "PRIORITY=\(LOG_INFO)",
            "SYSLOG_IDENTIFIER=\(app)", "KOOMY_APP=\(app)", "KOOMY_SLOT=\(slot)",
            "KOOMY_GENERATION=\(generation.number)", "OBJECT_PID=\(pid)",
        ]
        let texts = fields.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let parts = texts.compactMap { $0 }.map { iovec(iov_base: $0, iov_len: strlen($0)) }
        // An entry that cannot be written is missed by nobody but its reader.
        _ = sd_journal_sendv(parts, Int32(parts.count))
    }
}
