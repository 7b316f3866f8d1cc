package import KoomyModel
import KoomySystem

/// What lines become on their way from a worker to a log.
package enum LineFormat {
    case raw
    case stamped(LogStamp)
    case json(JSONLines)

    /// The lines of a batch as they are written.
    ///
    /// - Parameters:
    ///   - lines: Whole lines, or a piece of one without its newline.
    ///   - time: When they arrived.
    ///   - isInsideLine: Whether the first goes on with a line whose beginning was written.
    ///   - prefix: What is before each line, before the stamp.
    /// - Returns: Their bytes.
    package func render(
        _ lines: UnsafeRawBufferPointer,
        at time: WallTime,
        isInsideLine: Bool = false,
        prefix: [UInt8] = []
    ) -> [UInt8] {
        switch self {
        case .raw: prefix.isEmpty ? Array(lines) : lines.leading(each: prefix, isInsideLine: isInsideLine)
        case .stamped(let stamp): lines.leading(each: prefix + stamp.lead(at: time), isInsideLine: isInsideLine)
        case .json(let lineMaker): lineMaker.render(lines, at: time)
        }
    }

    /// A line that koomyd itself adds.
    package func note(_ words: String, at time: WallTime) -> [UInt8] {
        let line = Array("koomyd: \(words)\n".utf8)
        return switch self {
        case .raw, .stamped: line.withUnsafeBytes { render($0, at: time) }
        case .json(let lineMaker): lineMaker.note(words, at: time)
        }
    }

    /// Whether bytes go to a file as they are, so that the kernel can carry them.
    var isVerbatim: Bool { if case .raw = self { true } else { false } }
}

extension LogStamp {
    fileprivate func lead(at time: WallTime) -> [UInt8] { text(at: time) + [UInt8(ascii: ":"), UInt8(ascii: " ")] }
}

extension UnsafeRawBufferPointer {
    /// These lines, each with something before it; the first is left as it is where it is the rest of one.
    fileprivate func leading(each lead: [UInt8], isInsideLine: Bool) -> [UInt8] {
        // Exactly as much as is needed: a second pass over the bytes costs less than an array that grows.
        let begun = (isInsideLine ? 0 : 1) + newlinesInside
        return [UInt8](unsafeUninitializedCapacity: count + begun * lead.count) { buffer, filled in
            guard var target = UnsafeMutableRawBufferPointer(buffer).baseAddress, let source = baseAddress else {
                return
            }
            let first = target
            var start = 0
            while start < count {
                let end = firstIndex(ofByte: UInt8(ascii: "\n"), from: start).map { $0 + 1 } ?? count
                if start > 0 || !isInsideLine {
                    lead.withUnsafeBytes { bytes in
                        if let lead = bytes.baseAddress { target.copyMemory(from: lead, byteCount: bytes.count) }
                    }
                    target += lead.count
                }
                target.copyMemory(from: source + start, byteCount: end - start)
                target += end - start
                start = end
            }
            filled = target - first
        }
    }

    /// How many lines begin after the first.
    private var newlinesInside: Int { isEmpty ? 0 : UnsafeRawBufferPointer(rebasing: dropLast()).newlines }
}
