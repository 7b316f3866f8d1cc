/// The body of an answer that is written bit by bit, with room for what its client has not taken yet.
///
/// A client that is further behind than the room loses its connection; whoever writes is never made to wait.
final class ResponseStream {
    private enum State {
        /// More may be written. Transitions to: ended, cut, closed.
        case open
        /// What is in the buffer goes out, then the answer is complete. Transitions to: cut, closed.
        case ended
        /// The client is too far behind, or has gone; its connection is about to close. Transitions to: closed.
        case cut
        /// The request is over, whether the client got all of it or not.
        case closed
    }

    private var state = State.open
    private var pending: [UInt8] = []
    /// How much of `pending` the client has.
    private var taken = 0
    private let room: Int
    private weak var connection: HTTPConnection?
    /// Called once, when the request is over for whatever reason.
    var onClose: (() -> Void)?

    /// `backlog` is there from the beginning and does not count as being behind.
    init(room: Int, backlog: [UInt8] = []) {
        self.room = room + backlog.count
        pending = backlog
    }

    /// Whether something that is written now can reach the client.
    var isOpen: Bool { state == .open }

    /// How many bytes wait for the client.
    var behind: Int { pending.count - taken }

    /// Adds to the body; ignored when nobody can get it any more.
    func write(_ bytes: [UInt8]) {
        guard state == .open, !bytes.isEmpty else { return }
        // A piece larger than the room is fine where nothing else waits.
        guard behind == 0 || behind + bytes.count <= room else {
            cut()
            return
        }
        pending += bytes
        connection?.resume()
    }

    /// Completes the body.
    func end() {
        guard state == .open else { return }
        state = .ended
        connection?.streamHasEnded()
        connection?.resume()
    }

    /// Gives up the client.
    func cut() {
        guard state == .open || state == .ended else { return }
        state = .cut
        drop()
        connection?.cut()
    }

    /// The connection that takes the body from now on.
    func attach(to connection: HTTPConnection) {
        self.connection = connection
        if state == .ended { connection.streamHasEnded() }
    }

    /// The request is over.
    func close() {
        guard state != .closed else { return }
        state = .closed
        connection = nil
        drop()
        let handler = onClose
        onClose = nil
        handler?()
    }

    /// Hands bytes to libmicrohttpd: how many, 0 after the connection was suspended, or one of its two ends.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch state {
        case .cut, .closed: return Self.endWithError
        case .open, .ended: break
        }
        let count = min(buffer.count, behind)
        guard count > 0 else {
            if state == .ended { return Self.endOfStream }
            guard let connection else { return Self.endWithError }
            connection.suspend()
            return 0
        }
        pending[taken...].prefix(count).withUnsafeBytes { buffer.copyMemory(from: $0) }
        taken += count
        if behind == 0 { drop() } else if taken >= 1 << 16 { compact() }
        return count
    }

    /// MHD_CONTENT_READER_END_OF_STREAM and MHD_CONTENT_READER_END_WITH_ERROR, which Swift does not see.
    private static let endOfStream = -1
    private static let endWithError = -2

    private func drop() {
        pending = []
        taken = 0
    }

    private func compact() {
        pending.removeFirst(taken)
        taken = 0
    }
}
