package import KoomyCore
package import KoomyModel
package import KoomySystem

/// A worker's process as a later koomyd has to find it.
package struct ProcessRecord: Hashable, Sendable, Codable {
    package var id: WorkerID
    package var process: ProcessIdentity
    /// Of its pidfd, which no other process's ever is (Linux 6.9 and later); nil where they are all alike.
    package var pidfd: FileIdentity?
    package var startedAt: Instant
    /// Where it sends its notifications; also what marks its descendants.
    package var notifySocket: String
    package var notify: FileIdentity?
    /// The pipes from its standard output and error.
    package var out: FileIdentity?
    package var error: FileIdentity?
    /// What it says by a line that it is ready.
    package var line: FileIdentity?
    package var privateAddress: ListenAddress?
    package var privateInode: UInt64?

    /// The record of a process that is found, with the descriptors that were made for it.
    func found(as other: ProcessRecord) -> ProcessRecord {
        var record = self
        (record.process, record.startedAt, record.pidfd) = (other.process, other.startedAt, other.pidfd)
        return record
    }
}

extension ProcessIdentity {
    /// A process that is still to be started.
    static let none = ProcessIdentity(pid: 0, startTime: 0)
}

/// A listening socket and what it was opened for.
package struct ListenerRecord: Hashable, Sendable, Codable {
    package var app: AppName
    /// As the file has it.
    package var address: ListenAddress
    /// The slot, for a socket that each slot has of its own.
    package var slot: Int?
    package var socket: FileIdentity
    /// O_NONBLOCK as its workers have it, of a socket that systemd passed.
    package var nonblocking: Bool?
}

/// A request with the key under which its client may ask for it again.
package struct OperationRecord: Hashable, Sendable, Codable {
    package var key: String
    package var request: RequestID
    /// Who asked.
    package var userID: UInt32
}

/// A line of the journal: something that a later koomyd could not find out.
package enum JournalRecord: Hashable, Sendable, Codable {
    case event(Fleet.Event, at: Instant)
    case process(ProcessRecord)
    case listener(ListenerRecord)
    case operation(OperationRecord)
}
