import KoomyModel
import KoomySystem

/// Where the lines of one stream of one worker go, and what each begins with.
package final class LogSink {
    package enum Target {
        case file(LogFile)
        /// Standard output of koomyd in the foreground.
        case console(prefix: [UInt8])
    }

    package let target: Target
    package let stamp: LogStamp?

    package init(_ target: Target, stamp: LogStamp?) {
        self.target = target
        self.stamp = stamp
    }

    /// Writes whole lines, or the last one without its newline, in one piece.
    package func write(_ lines: UnsafeRawBufferPointer) {
        let prefix = lead
        guard !prefix.isEmpty else {
            emit(lines)
            return
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count + prefix.count * 8)
        var rest = lines[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            bytes += prefix
            bytes.append(contentsOf: rest[..<end])
            rest = rest[end...]
        }
        bytes.withUnsafeBytes(emit)
    }

    private var lead: [UInt8] {
        let time = stamp.map { $0.text(at: WallClock.now()) + Array(": ".utf8) } ?? []
        return switch target {
        case .file: time
        case .console(let prefix): prefix + time
        }
    }

    private func emit(_ bytes: UnsafeRawBufferPointer) {
        switch target {
        case .file(let file): file.write(bytes, from: ObjectIdentifier(self))
        case .console: StandardStream.output.write(bytes)
        }
    }
}
