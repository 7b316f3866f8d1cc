package import KoomyModel
package import KoomySystem

/// What lines become on their way from a worker to a log.
package enum LineFormat {
    case raw
    case stamped(LogStamp)
    case json(JSONLines)

    /// Puts the lines of a batch into a buffer as they are to be written.
    ///
    /// - Parameters:
    ///   - lines: Whole lines, or a piece of one without its newline.
    ///   - time: When they arrived.
    ///   - isInsideLine: Whether the first goes on with a line whose beginning was written.
    ///   - prefix: What is before each line, before the stamp.
    ///   - buffer: What was in it is gone.
    package func render(
        _ lines: UnsafeRawBufferPointer,
        at time: WallTime,
        isInsideLine: Bool = false,
        prefix: [UInt8] = [],
        into buffer: LineBuffer
    ) {
        buffer.removeAll()
        switch self {
        case .raw: buffer.append(lines, leadingEach: prefix, isInsideLine: isInsideLine)
        case .stamped(let stamp):
            buffer.append(lines, leadingEach: prefix + stamp.lead(at: time), isInsideLine: isInsideLine)
        case .json(let lineMaker): lineMaker.render(lines, at: time, into: buffer)
        }
    }

    /// How many bytes lines become at most.
    package func most(of lines: UnsafeRawBufferPointer, at time: WallTime) -> Int {
        switch self {
        case .raw: lines.count
        case .stamped(let stamp): lines.count + (lines.newlines + 1) * stamp.lead(at: time).count
        case .json(let lineMaker): lineMaker.most(of: lines, at: time)
        }
    }

    /// A line that koomyd itself adds.
    package func note(_ words: String, at time: WallTime) -> [UInt8] {
        let line = Array("koomyd: \(words)\n".utf8)
        return switch self {
        case .raw: line
        case .stamped(let stamp): stamp.lead(at: time) + line
        case .json(let lineMaker): lineMaker.note(words, at: time)
        }
    }

    /// Whether bytes go to a file as they are, so that the kernel can carry them.
    var isVerbatim: Bool { if case .raw = self { true } else { false } }
}

extension LogStamp {
    fileprivate func lead(at time: WallTime) -> [UInt8] { text(at: time) + [UInt8(ascii: ":"), UInt8(ascii: " ")] }
}
