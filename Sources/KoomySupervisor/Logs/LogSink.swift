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
    ///
    /// It is what a pipe holds: half of that, so that its writer fills the one half meanwhile, has been tried and is slower.
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
        let (bytes, isRendered) = ahead == nil ? fitting(all, at: time, lookahead.text) : (all, false)
        var last: UInt8?
        for index in (ahead?.files ?? 0)..<files.count {
            let file = files[index]
            let text = lookahead.text
            let isInsideLine = file.isInsideLine(of: pipe)
            if isInsideLine || index > 0 || !isRendered {
                format.render(bytes, at: time, isInsideLine: isInsideLine, prefix: prefix, into: text)
            }
            let isWritten = file.write(text.bytes, from: pipe) { identity, offset, length in
                last = note(pipe, bytes, index, identity, offset, length)
            }
            guard isWritten else {
                if index > 0 { ahead = (bytes.count, index) }
                receipt?.end()
                return .blocked
            }
        }
        ahead = nil
        try take(bytes.count, last, from: pipe, lookahead)
        return .done(bytes.count)
    }

    /// As many of these lines as have room in the files as what they become; the first in any case.
    ///
    /// - Returns: Those, and whether the buffer has what they become.
    private func fitting(
        _ bytes: UnsafeRawBufferPointer,
        at time: WallTime,
        _ text: LineBuffer
    ) -> (bytes: UnsafeRawBufferPointer, isRendered: Bool) {
        guard let room, format.most(of: bytes, at: time) > room else { return (bytes, false) }
        format.render(bytes, at: time, prefix: prefix, into: text)
        if text.bytes.count <= room { return (bytes, true) }
        // Each line becomes one line.
        let count = UnsafeRawBufferPointer(rebasing: text.bytes.prefix(room)).newlines
        var end = 0
        for _ in 0..<max(1, count) {
            guard let newline = bytes.firstIndex(ofByte: UInt8(ascii: "\n"), from: end) else {
                return (bytes, true)
            }
            end = newline + 1
        }
        return (UnsafeRawBufferPointer(rebasing: bytes[..<end]), false)
    }

    /// Finishes what a koomyd that was killed has left under way of this pipe, before anything else is written anywhere.
    package func settle(_ pipe: LogPipe, _ lookahead: PipeLookahead) throws(SystemError) {
        guard let receipt, let (entry, taken) = receipt.takeLeft(of: pipe.identity) else { return }
        defer { receipt.end() }
        lookahead.forget()
        // Nothing is taken before all files have it.
        if taken > 0 {
            guard entry.last == nil else { return }
            return try take(max(0, entry.count - taken), nil, from: pipe, lookahead)
        }
        if let last = entry.last, try lookahead.firstByte(of: pipe.shared) == last {
            return try take(1, nil, from: pipe, lookahead)
        }
        let isThere = files.indices.contains(entry.index) && files[entry.index].settle(entry)
        let done = entry.index + (isThere ? 1 : 0)
        if done >= files.count {
            _ = try lookahead.bytes(entry.count, of: pipe.shared)
            try take(entry.count, entry.last, from: pipe, lookahead)
        } else if done > 0 {
            ahead = (entry.count, done)
            _ = try carry(entry.count, endsLine: true, from: pipe, lookahead)
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

    /// Writes the receipt; returns the byte that is to stay in the pipe until all others are out of it.
    private func note(
        _ pipe: LogPipe,
        _ bytes: UnsafeRawBufferPointer,
        _ index: Int,
        _ file: FileIdentity,
        _ offset: Int64,
        _ length: Int
    ) -> UInt8? {
        guard let receipt else { return nil }
        let entry = LogReceipt.Entry(
            pipe: pipe.identity,
            count: bytes.count,
            index: index,
            file: file,
            offset: offset,
            length: length,
            last: bytes.first == bytes.last ? nil : bytes.last
        )
        // Without it, a kill in the next moment repeats these lines: that is no reason not to write them.
        guard (try? receipt.begin(entry)) != nil else { return nil }
        return entry.last
    }

    /// Takes a batch out of the pipe that all files have.
    ///
    /// What goes into the receipt is copied, so it gets only the last byte where that says as much as all of them: before it, the
    /// others are taken in one act, and a pipe that then begins with this byte has lost them.
    private func take(
        _ count: Int,
        _ last: UInt8?,
        from pipe: LogPipe,
        _ lookahead: PipeLookahead
    ) throws(SystemError) {
        let gone = last == nil ? 0 : lookahead.takeAtOnce(count - 1, of: pipe.shared)
        var taken = gone
        if let receipt, last == nil || gone > 0 || receipt.forgetLast() {
            taken += receipt.take(count - gone, from: pipe.shared.descriptor)
        }
        guard taken < count else { return }
        // One byte too many is better than as many too few as there were.
        if gone > 0 { receipt?.end() }
        try lookahead.discard(count - taken, of: pipe.shared)
        receipt?.end()
    }
}
