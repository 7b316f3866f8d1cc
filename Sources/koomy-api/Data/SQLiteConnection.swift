import CSQLite

/// What SQLite said.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    var code: Int32
    var message: String

    var description: String { "\(message) (SQLite \(code))" }
    /// Another connection holds a lock; the same may succeed later.
    var isBusy: Bool { code & 0xFF == SQLITE_BUSY }
}

/// One open database; used by one thread at a time.
struct SQLiteConnection: ~Copyable {
    /// Milliseconds that a statement waits for another process's lock.
    static let busyTimeout: Int32 = 5_000

    private let handle: OpaquePointer

    /// Opens the file; with `creates` it may be new.
    init(path: String, creates: Bool) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (creates ? SQLITE_OPEN_CREATE : 0)
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code: code, message: "\(path): \(String(cString: sqlite3_errstr(code)))")
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(handle, Self.busyTimeout)
        sqlite3_extended_result_codes(handle, 1)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Whether the path no longer leads to the file that is open: deleted, moved or replaced.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code != SQLITE_OK || moved != 0
    }

    /// Rows that the last statement changed.
    var changeCount: Int { Int(sqlite3_changes64(handle)) }

    /// Runs one statement to its end and drops its rows.
    func execute(_ sql: String, _ values: [Value] = []) throws(SQLiteError) {
        var prepared: OpaquePointer?
        try check(sqlite3_prepare_v2(handle, sql, -1, &prepared, nil))
        defer { sqlite3_finalize(prepared) }
        for (index, value) in values.enumerated() {
            let position = Int32(index + 1)
            switch value {
            case .integer(let number): try check(sqlite3_bind_int64(prepared, position, number))
            case .text(let text): try check(koomy_sqlite_bind_text(prepared, position, text, Int32(text.utf8.count)))
            case .blob(let bytes): try check(koomy_sqlite_bind_blob(prepared, position, bytes, Int32(bytes.count)))
            }
        }
        var code = sqlite3_step(prepared)
        while code == SQLITE_ROW { code = sqlite3_step(prepared) }
        guard code == SQLITE_DONE else { throw error(code) }
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw error(code) }
    }

    private func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }

    /// A value of a statement's parameter.
    enum Value {
        case integer(Int64)
        case text(String)
        case blob([UInt8])
    }
}
