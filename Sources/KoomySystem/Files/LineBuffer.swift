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
        guard !lead.isEmpty else { return append(lines) }
        var done = 0
        while done < lines.count {
            let rest = UnsafeRawBufferPointer(rebasing: lines[done...])
            // As if it were one line: where they are more, it takes what has room, and then grows.
            let room = reserve(rest.count + lead.count + Self.slack)
            var made = 0
            done += lead.withUnsafeBytes { lead in
                koomy_lead_lines(
                    Self.text(room),
                    capacity - count,
                    Self.text(rest),
                    rest.count,
                    Self.text(lead),
                    lead.count,
                    isInsideLine && done == 0 ? 1 : 0,
                    &made
                )
            }
            count += made
        }
    }

    /// Appends lines as they stand in strings of JSON, each with something before and behind it instead of its newline.
    ///
    /// - Returns: How many bytes of them that are, up to one that is no UTF-8, has no newline, or has no room; 0 says
    ///   nothing of room.
    package func appendEscaped(_ lines: UnsafeRawBufferPointer, leadingEach lead: [UInt8], trail: [UInt8]) -> Int {
        guard !lines.isEmpty else { return 0 }
        let room = reserve(lines.count + lead.count + trail.count + Self.slack)
        var made = 0
        let done = lead.withUnsafeBytes { lead in
            trail.withUnsafeBytes { trail in
                koomy_wrap_lines(
                    Self.text(room),
                    capacity - count,
                    Self.text(lines),
                    lines.count,
                    Self.text(lead),
                    lead.count,
                    Self.text(trail),
                    trail.count,
                    &made
                )
            }
        }
        count += made
        return done
    }

    private static let slack = Int(KOOMY_LINE_SLACK)

    private static func text(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<CChar> {
        memory.assumingMemoryBound(to: CChar.self)
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar>? {
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    }

    /// Appends a text as it stands in a string of JSON; false, with nothing done, where it is no UTF-8.
    package func appendEscaped(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let source = text.baseAddress, text.count > 0 else { return true }
        let length = koomy_escape(Self.text(reserve(text.count * 6)), source, text.count)
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
