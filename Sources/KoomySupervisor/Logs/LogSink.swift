package import KoomyModel
package import KoomySystem

/// Where the lines of one stream of one worker go, and what each becomes.
package final class LogSink {
    /// All of them get every line.
    package let files: [LogFile]
    package let format: LineFormat
    /// What is before each line, before its stamp.
    private let prefix: [UInt8]
    /// What becomes of lines that no disk takes.
    package let whenFull: LogOverflow
    /// nil where what is between two steps need not be known to anybody else.
    private let receipt: LogReceipt?
    /// How many bytes at the beginning of the pipe the first so many files have already.
    private var ahead: (count: Int, files: Int)?

    package init(
        _ files: [LogFile],
        format: LineFormat = .raw,
        prefix: [UInt8] = [],
        whenFull: LogOverflow = .drop,
        receipt: LogReceipt? = nil
    ) {
        self.files = files
        self.format = format
        self.prefix = prefix
        self.whenFull = whenFull
        self.receipt = receipt
    }

    /// How many bytes it wants to see at once; nil where lines are carried without being seen.
    package var share: Int? {
        files.count == 1 && prefix.isEmpty && format.isVerbatim ? nil : Int(LogTable.pipeCapacity)
    }

    /// Whether it makes sense to try to carry something.
    package var mayTry: Bool { files.allSatisfy(\.mayTry) }

    /// Gives readers that are slow what they have not taken yet; whether nothing is left of that.
    func deliver() -> Bool { files.reduce(true) { $1.deliver() && $0 } }

    /// How long readers that are slow are waited for; nil where none is.
    var pause: TimeSpan? { files.compactMap(\.pause).max() }

    /// Whether no file can be written at present.
    package var isInTrouble: Bool { files.contains { $0.trouble != nil } }

    /// How many bytes are to be carried at most, so that a file is put aside before it is too large.
    package var room: Int? { files.compactMap(\.room).min() }

    /// How many bytes have to be carried before any others.
    package var owed: Int? { ahead?.count }

    package func admit(_ pipe: LogPipe) { for file in files { file.admit(pipe) } }

    /// Carries the first bytes of a worker's pipe to their place; those that are there are no longer in the pipe.
    ///
    /// Lines that go to a file as they are pass inside the kernel: a kill of koomyd at any instant neither loses nor
    /// repeats a byte. Others are written and then taken out, and a receipt tells the next koomyd how far that came.
    ///
    /// - Returns: How many bytes were carried, or that none can be now.
    package func carry(
        _ count: Int,
        endsLine: Bool,
        from pipe: LogPipe,
        _ lookahead: PipeLookahead
    ) throws(SystemError) -> LogFile.Transfer {
        if share == nil, let file = files.first, let outcome = file.splice(count, from: pipe, endsLine: endsLine) {
            return outcome
        }
        let time = WallClock.now()
        let all = try lookahead.bytes(count, of: pipe.shared)
        let bytes = ahead == nil ? fitting(all, at: time) : all
        for index in (ahead?.files ?? 0)..<files.count {
            let file = files[index]
            let text = lookahead.text
            format.render(bytes, at: time, isInsideLine: file.isInsideLine(of: pipe), prefix: prefix, into: text)
            let isWritten = file.write(text.bytes, from: pipe) { identity, offset, length in
                note(pipe, bytes.count, index, identity, offset, length)
            }
            guard isWritten else {
                if index > 0 { ahead = (bytes.count, index) }
                receipt?.end()
                return .blocked
            }
        }
        ahead = nil
        try take(bytes.count, from: pipe, lookahead)
        receipt?.end()
        return .done(bytes.count)
    }

    /// As many of these lines as have room in the files with what is added to them; the first in any case.
    private func fitting(_ bytes: UnsafeRawBufferPointer, at time: WallTime) -> UnsafeRawBufferPointer {
        let addition = format.addition(at: time)
        guard let room, bytes.count + bytes.newlines * addition > room else { return bytes }
        var (end, size) = (0, 0)
        while let newline = bytes.firstIndex(ofByte: UInt8(ascii: "\n"), from: end) {
            size += newline + 1 - end + addition
            if size > room, end > 0 { break }
            end = newline + 1
        }
        return end > 0 ? UnsafeRawBufferPointer(rebasing: bytes[..<end]) : bytes
    }

    /// Finishes what a koomyd that was killed has left under way of this pipe, before anything else is written anywhere.
    package func settle(_ pipe: LogPipe, _ lookahead: PipeLookahead) throws(SystemError) {
        guard let receipt, let (entry, taken) = receipt.takeLeft(of: pipe.identity) else { return }
        var done = entry.index
        if taken > 0 {
            // Nothing is taken before all files have it.
            done = files.count
        } else if files.indices.contains(entry.index), files[entry.index].settle(entry) {
            done += 1
        }
        if done >= files.count {
            try take(max(0, entry.count - taken), from: pipe, lookahead)
            receipt.end()
        } else if done > 0 {
            ahead = (entry.count, done)
            _ = try carry(entry.count, endsLine: true, from: pipe, lookahead)
        } else {
            receipt.end()
        }
    }

    /// Throws bytes away that no disk takes.
    package func drop(_ count: Int, from pipe: LogPipe, _ lookahead: PipeLookahead) throws(SystemError) {
        let bytes = try lookahead.bytes(count, of: pipe.shared)
        let loss = LogLoss(bytes: UInt64(bytes.count), lines: UInt64(bytes.newlines))
        for file in files[(ahead?.files ?? 0)...] { file.lose(loss, of: pipe) }
        ahead = nil
        try lookahead.discard(bytes.count, of: pipe.shared)
    }

    private func note(
        _ pipe: LogPipe,
        _ count: Int,
        _ index: Int,
        _ file: FileIdentity,
        _ offset: Int64,
        _ length: Int
    ) {
        // Without it, a kill in the next moment repeats these lines: that is no reason not to write them.
        try? receipt?.begin(
            LogReceipt.Entry(
                pipe: pipe.identity,
                count: count,
                index: index,
                file: file,
                offset: offset,
                length: length
            )
        )
    }

    private func take(_ count: Int, from pipe: LogPipe, _ lookahead: PipeLookahead) throws(SystemError) {
        let taken = receipt?.take(count, from: pipe.shared.descriptor) ?? 0
        if taken < count { try lookahead.discard(count - taken, of: pipe.shared) }
    }
}
