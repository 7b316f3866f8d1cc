import CSQLite
import Glibc
import KoomyWorker
import Synchronization

/// A webhook as it is kept.
struct WebhookEvent: Hashable, Sendable {
    /// Given by the sender; the same event is delivered again with the same identifier.
    var id: String
    var type: String
    var payload: [UInt8]
}

/// Why nothing could be stored, or read.
struct StoreProblem: Error, Hashable, CustomStringConvertible {
    var description: String
}

/// The webhooks in SQLite, shared by several worker processes.
///
/// What `record` has returned for is on the disk: write-ahead log with a sync at each commit (synchronous=FULL). One
/// connection writes and one checks, each under its own lock.
final class WebhookStore: Sendable {
    /// How long opening waits for other processes that set the same file up.
    private static let openPatience = Duration.seconds(10)

    let path: String
    private let writer: Mutex<SQLiteConnection>
    private let reader: Mutex<SQLiteConnection>

    init(path: String) throws(StoreProblem) {
        self.path = path
        do throws(SQLiteError) {
            writer = Mutex(try Self.setUp(path))
            reader = Mutex(try SQLiteConnection(path: path, creates: false))
        } catch {
            throw StoreProblem(description: "cannot open the database: \(error)")
        }
    }

    /// Stores the events that are new, all in one transaction.
    ///
    /// - Returns: For each event whether it was new.
    func record(_ events: [WebhookEvent]) throws(StoreProblem) -> [Bool] {
        try writer.withLock { connection throws(StoreProblem) in
            do throws(SQLiteError) {
                try Self.follow(path, &connection)
                return try Self.insert(events, into: connection)
            } catch {
                throw StoreProblem(description: "cannot store: \(error)")
            }
        }
    }

    /// Reads something, to see that the database is there and answers.
    func check() throws(StoreProblem) {
        try reader.withLock { connection throws(StoreProblem) in
            do throws(SQLiteError) {
                try Self.follow(path, &connection)
                try connection.execute("SELECT id FROM webhook_events LIMIT 1")
            } catch {
                throw StoreProblem(description: "\(error)")
            }
        }
    }

    /// Switches to the write-ahead log and makes the table, while other processes may be doing the same.
    private static func setUp(_ path: String) throws(SQLiteError) -> SQLiteConnection {
        let deadline = MonotonicTime.now() + openPatience
        while true {
            do throws(SQLiteError) {
                let connection = try SQLiteConnection(path: path, creates: true)
                try configure(connection)
                try connection.execute(
                    """
                    CREATE TABLE IF NOT EXISTS webhook_events (
                        id TEXT PRIMARY KEY NOT NULL,
                        type TEXT NOT NULL,
                        received_at INTEGER NOT NULL,
                        worker INTEGER NOT NULL,
                        payload BLOB NOT NULL
                    )
                    """
                )
                return connection
            } catch {
                // The switch to WAL does not wait for a lock as other statements do (sqlite.org/wal.html).
                guard error.isBusy, MonotonicTime.now() < deadline else { throw error }
                usleep(10_000)
            }
        }
    }

    private static func configure(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        try connection.execute("PRAGMA journal_mode=WAL")
        try connection.execute("PRAGMA synchronous=FULL")
    }

    /// Without this a deleted database would go on taking events that nobody finds again.
    ///
    /// A file that was put back is opened; a new one is not made: it would forget which events were seen.
    private static func follow(_ path: String, _ connection: inout SQLiteConnection) throws(SQLiteError) {
        guard connection.hasMoved else { return }
        let next = try SQLiteConnection(path: path, creates: false)
        try configure(next)
        try next.execute("SELECT id FROM webhook_events LIMIT 1")
        connection = next
    }

    private static func insert(
        _ events: [WebhookEvent],
        into connection: borrowing SQLiteConnection
    ) throws(SQLiteError) -> [Bool] {
        let now = WallClock.now().milliseconds
        let worker = Int64(getpid())
        // IMMEDIATE takes the write lock at once, waiting for it; a lock taken later could only fail (SQLITE_BUSY_SNAPSHOT).
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            var isNew: [Bool] = []
            for event in events {
                try connection.execute(
                    "INSERT OR IGNORE INTO webhook_events (id, type, received_at, worker, payload) VALUES (?,?,?,?,?)",
                    [.text(event.id), .text(event.type), .integer(now), .integer(worker), .blob(event.payload)]
                )
                isNew.append(connection.changeCount > 0)
            }
            try connection.execute("COMMIT")
            return isNew
        } catch {
            // Where the transaction has ended by itself there is nothing to roll back, and nothing else to do.
            try? connection.execute("ROLLBACK")
            throw error
        }
    }
}
