import KoomyModel
package import KoomySystem

/// Where the lines of one stream of one worker go, and what each begins with.
package final class LogSink {
    package enum Target {
        case file(LogFile)
        /// Standard output of koomyd in the foreground.
        case console(prefix: [UInt8])
    }

    package let target: Target
    package let stamp: LogStamp?
    /// How many bytes it wants to see at once; nil where lines are carried without being seen.
    package let share: Int?

    package init(_ target: Target, stamp: LogStamp?) {
        self.target = target
        self.stamp = stamp
        share = if stamp == nil, case .file = target { nil } else { Int(LogTable.pipeCapacity) }
    }

    /// Carries the first bytes of a worker's pipe to their place; afterwards they are not in the pipe.
    ///
    /// Lines that go to a file as they are pass inside the kernel: a kill of koomyd at any instant neither loses nor
    /// repeats a byte. Others are written and then taken out: a kill during the write or between the two, which
    /// nothing else separates, repeats at most the lines of one such step, and never loses one.
    package func carry(
        _ count: Int,
        endsLine: Bool,
        from pipe: LogPipe,
        _ lookahead: PipeLookahead
    ) throws(SystemError) {
        if share == nil, case .file(let file) = target,
            let done = file.splice(count, from: pipe, endsLine: endsLine)
        {
            if done < count { try lookahead.discard(count - done, of: pipe.shared) }
            return
        }
        let bytes = try lookahead.bytes(count, of: pipe.shared)
        write(bytes, from: pipe)
        try lookahead.discard(bytes.count, of: pipe.shared)
    }

    /// Writes whole lines, or a piece of one without its newline, with one write.
    package func write(_ lines: UnsafeRawBufferPointer, from pipe: LogPipe? = nil) {
        let isInsideLine = if let pipe, case .file(let file) = target { file.isInsideLine(of: pipe) } else { false }
        let lead = lead
        if lead.isEmpty {
            emit(lines, pipe)
        } else {
            lines.leading(each: lead, isInsideLine: isInsideLine).withUnsafeBytes { emit($0, pipe) }
        }
    }

    private var lead: [UInt8] {
        let time = stamp.map { $0.text(at: WallClock.now()) + Array(": ".utf8) } ?? []
        return switch target {
        case .file: time
        case .console(let prefix): prefix + time
        }
    }

    private func emit(_ bytes: UnsafeRawBufferPointer, _ pipe: LogPipe?) {
        switch target {
        case .file(let file): file.write(bytes, from: pipe)
        case .console: StandardStream.output.write(bytes)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// These lines, each with something before it; the first is left as it is where it is the rest of one.
    fileprivate func leading(each lead: [UInt8], isInsideLine: Bool) -> [UInt8] {
        var text: [UInt8] = []
        // Lines of a log have some hundred bytes; where they are shorter the array grows.
        text.reserveCapacity(count + (count / 64 + 2) * lead.count)
        var start = 0
        while start < count {
            let end = firstIndex(ofByte: UInt8(ascii: "\n"), from: start).map { $0 + 1 } ?? count
            if start > 0 || !isInsideLine { text += lead }
            text.append(contentsOf: UnsafeRawBufferPointer(rebasing: self[start..<end]))
            start = end
        }
        return text
    }
}
