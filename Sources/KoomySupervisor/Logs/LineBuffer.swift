/// Cuts a stream of bytes into whole lines; what has no end yet waits for it.
package struct LineBuffer {
    /// A line longer than this is passed on in pieces.
    package static let longestLine = 1 << 20

    private var partial: [UInt8] = []

    package init() {}

    /// Takes what was read and passes on everything up to the last newline, in one piece.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) -> Void) {
        guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            partial.append(contentsOf: bytes)
            if partial.count >= Self.longestLine { flush(emit) }
            return
        }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[...last])
        if partial.isEmpty {
            emit(whole)
        } else {
            partial.append(contentsOf: whole)
            flush(emit)
        }
        partial.append(contentsOf: bytes[(last + 1)...])
    }

    /// Passes on what has no newline, for a stream that has ended.
    package mutating func flush(_ emit: (UnsafeRawBufferPointer) -> Void) {
        guard !partial.isEmpty else { return }
        partial.withUnsafeBytes(emit)
        partial.removeAll(keepingCapacity: partial.count <= 64 << 10)
    }
}
