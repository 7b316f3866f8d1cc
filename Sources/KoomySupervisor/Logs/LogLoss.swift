/// What a disk did not take and nobody kept.
package struct LogLoss: Hashable, Sendable {
    package var bytes: UInt64 = 0
    package var lines: UInt64 = 0

    package init(bytes: UInt64 = 0, lines: UInt64 = 0) {
        self.bytes = bytes
        self.lines = lines
    }

    package static func += (left: inout LogLoss, right: LogLoss) {
        left.bytes += right.bytes
        left.lines += right.lines
    }
}

extension LogLoss: CustomStringConvertible {
    package var description: String {
        "\(lines) \(lines == 1 ? "line" : "lines") (\(bytes) \(bytes == 1 ? "byte" : "bytes"))"
    }
}
