import CKoomyLinux
import Glibc
import KoomyWorker

/// Connections that were closed towards the client and are read until it closes too.
///
/// A socket that is closed while bytes of the client are unread is reset, and a reset can overtake the response (RFC
/// 9112 §9.6). libmicrohttpd shuts the write side and closes at once; a duplicate made before keeps the socket alive.
struct LingeringSockets {
    private let timeout: Duration
    private var deadlines: [Int32: MonotonicTime] = [:]

    init(timeout: Duration) { self.timeout = timeout }

    var isEmpty: Bool { deadlines.isEmpty }
    var descriptors: some Collection<Int32> { deadlines.keys }
    var nextDeadline: MonotonicTime? { deadlines.values.min() }

    /// Keeps a connection that is about to be closed.
    mutating func keep(_ descriptor: Int32, at now: MonotonicTime) {
        let copy = koomy_duplicate(descriptor, 3)
        guard copy >= 0 else { return }
        deadlines[copy] = now + timeout
        drain(copy)
    }

    /// Reads and drops what has come; closes where the client has.
    mutating func drain(_ descriptor: Int32) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16_384) { buffer in
            while true {
                let count = koomy_worker_receive(descriptor, buffer.baseAddress, buffer.count)
                if count > 0 { continue }
                if count != -Int(EAGAIN) { close(descriptor) }
                return
            }
        }
    }

    /// Closes those that had their time.
    mutating func expire(at now: MonotonicTime) {
        for (descriptor, deadline) in deadlines where deadline <= now { close(descriptor) }
    }

    private mutating func close(_ descriptor: Int32) {
        guard deadlines.removeValue(forKey: descriptor) != nil else { return }
        _ = koomy_close(descriptor)
    }
}
