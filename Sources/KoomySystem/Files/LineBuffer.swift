import CKoomyLinux
import Glibc

/// Memory in which lines are put together before they are written; it grows, and is used again and again.
package final class LineBuffer {
    private var capacity = 64 << 10
    private var memory = UnsafeMutableRawPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var count = 0

    package init() {}

    deinit { memory.deallocate() }

    /// What is in it, until it is changed.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    package func removeAll() { count = 0 }

    package func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Appends lines, each with something before it, but for the first where it is the rest of a line.
    package func append(_ lines: UnsafeRawBufferPointer, leadingEach lead: [UInt8], isInsideLine: Bool) {
        guard let source = lines.baseAddress, !lead.isEmpty else { return append(lines) }
        let room = reserve(lines.count + (lines.newlines + 1) * lead.count)
        lead.withUnsafeBytes { bytes in
            count += koomy_lead_lines(
                room.assumingMemoryBound(to: CChar.self),
                source.assumingMemoryBound(to: CChar.self),
                lines.count,
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                bytes.count,
                isInsideLine ? 1 : 0
            )
        }
    }

    /// Appends a text as it stands in a string of JSON; false, with nothing done, where it is no UTF-8.
    package func appendEscaped(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let source = text.baseAddress, text.count > 0 else { return true }
        let room = reserve(text.count * 6)
        let length = koomy_escape(room.assumingMemoryBound(to: CChar.self), source, text.count)
        guard length >= 0 else { return false }
        count += length
        return true
    }

    /// Where so many more bytes have room.
    private func reserve(_ more: Int) -> UnsafeMutableRawPointer {
        if count + more > capacity {
            capacity = (count + more) * 2
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: memory, byteCount: count)
            memory.deallocate()
            memory = larger
        }
        return memory + count
    }
}
