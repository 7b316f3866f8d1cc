import KoomyModel
import KoomySystem

/// A system call in which a thread waits for connections, and on which of its descriptors.
nonisolated enum WaitingCall {
    /// accept(2): the descriptor itself.
    case accept(Int32)
    /// poll(2): an array of `struct pollfd`.
    case poll(array: UInt64, count: Int)
    /// select(2): the set of descriptors to read from, which the kernel writes back only when it returns.
    case select(set: UInt64, count: Int)

    /// More descriptors than this are not looked through; a server with that many uses epoll.
    private static let most = 65_536

    /// nil for every other call.
    init?(_ call: BlockedCall) {
        guard call.arguments.count >= 3, let kind = Self.kinds[call.number] else { return nil }
        let (first, second) = (call.arguments[0], call.arguments[1])
        switch kind {
        case .accept: self = .accept(Int32(truncatingIfNeeded: first))
        case .poll: self = .poll(array: first, count: Int(min(second, UInt64(Self.most))))
        case .select:
            guard second != 0 else { return nil }
            self = .select(set: second, count: Int(min(first & 0xFFFF_FFFF, UInt64(Self.most))))
        }
    }

    /// Whether one of these descriptors is waited on, in a process whose memory can be read.
    func waits(on descriptors: Set<Int32>, of pid: ProcessID) -> Bool {
        switch self {
        case .accept(let descriptor): return descriptors.contains(descriptor)
        case .poll(let array, let count):
            // int fd; short events; short revents.
            guard count > 0, let bytes = ProcFS.memory(of: pid, at: array, count: count * 8) else { return false }
            return bytes.withUnsafeBytes { memory in
                stride(from: 0, to: memory.count - 7, by: 8).contains { offset in
                    let descriptor = memory.loadUnaligned(fromByteOffset: offset, as: Int32.self)
                    let events = memory.loadUnaligned(fromByteOffset: offset + 4, as: UInt16.self)
                    return events & Self.readEvents != 0 && descriptors.contains(descriptor)
                }
            }
        case .select(let set, let count):
            // The set is made of unsigned longs, so its bytes are in order on a little-endian machine.
            guard count > 0, let bytes = ProcFS.memory(of: pid, at: set, count: (count + 7) / 8) else { return false }
            return descriptors.contains { descriptor in
                let index = Int(descriptor)
                return (0..<count).contains(index) && index / 8 < bytes.count
                    && bytes[index / 8] & 1 << UInt8(index % 8) != 0
            }
        }
    }

    /// POLLIN and POLLRDNORM.
    private static let readEvents: UInt16 = 0x001 | 0x040

    private enum Kind { case accept, poll, select }

    #if arch(x86_64)
    /// accept 43, accept4 288, poll 7, ppoll 271, select 23, pselect6 270.
    private static let kinds: [Int64: Kind] = [
        43: .accept, 288: .accept, 7: .poll, 271: .poll, 23: .select, 270: .select,
    ]
    #else
    /// The numbers of asm-generic, which aarch64 and riscv64 have: accept 202, accept4 242, ppoll 73, pselect6 72.
    private static let kinds: [Int64: Kind] = [202: .accept, 242: .accept, 73: .poll, 72: .select]
    #endif
}
