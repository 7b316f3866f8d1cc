package import KoomyModel
package import KoomySystem

/// A file that lines are appended to, by us alone.
///
/// Where the disk does not take lines they are not taken from their writers either: each tries again, and after a while.
package final class LogFile {
    /// What came of an attempt to move bytes to the file.
    package enum Transfer: Hashable {
        /// So many of the writer's bytes are in the file.
        case done(Int)
        /// None is, and none can be before a while.
        case blocked
    }

    /// What is told to the owner.
    package enum News {
        /// Writing begins to fail, or works again, with what was thrown away meanwhile.
        case trouble(SystemError)
        case recovered(LogLoss)
        /// It was put aside, or could not be: it goes on as it is.
        case rotated
        case cannotRotate(SystemError)
    }

    package let path: String
    package var manner: Manner
    /// What was thrown away because it could not be written, since this object was made.
    package private(set) var loss = LogLoss()
    /// The last reason why something was not written; nil while writing works.
    package private(set) var trouble: SystemError?

    private let noticed: (LogFile, News) -> Void
    private let makeFile: (Manner) throws(SystemError) -> AppendedFile
    private var file: AppendedFile?
    /// What was thrown away since the file last said so.
    private var unsaid = LogLoss()
    /// Where that outlives this object; nil for nowhere.
    private let debts: LogDebts?
    /// What the file has just said, and how large it was before; taken back where no line follows.
    private var confession: (loss: LogLoss, start: Int64)?
    /// What a reader that is slow has not taken of the last write; only where it is no regular file.
    private var rest: ArraySlice<UInt8> = []
    /// How many bytes from memory its reader has taken, which grows as long as there is one.
    package private(set) var taken: UInt64 = 0
    /// Whether the last line has no end yet.
    private var hasOpenLine = false
    /// Who wrote last: the one whose an open line is; nil for a stranger.
    private weak var lastWriter: LogPipe?
    /// Whose line the disk took only the beginning of; its end is in its pipe and comes before anything else.
    private weak var interrupted: LogPipe?
    private var wasWritten = false
    private var size: Int64 = 0
    private var nextTry = Instant(nanoseconds: .min)
    private var patience = shortestPatience
    private var nextRotation = Instant(nanoseconds: .min)
    /// Of the file that was put aside last.
    private var lastName: RotatedName?

    private static let shortestPatience = TimeSpan.milliseconds(50)
    private static let longestPatience = TimeSpan.seconds(1)
    /// Between two looks at a reader that is slow; the longer the longer it takes nothing.
    private var readerPatience = shortestReaderPatience
    private static let shortestReaderPatience = TimeSpan.milliseconds(1)
    private static let longestReaderPatience = TimeSpan.milliseconds(50)
    /// After a rotation that did not succeed.
    private static let rotationPatience = TimeSpan.seconds(60)

    /// - Parameters:
    ///   - path: Where it is.
    ///   - manner: How it is made and put aside.
    ///   - debts: What it has to say still, and where that is kept.
    ///   - noticed: Told of what happens to it.
    package init(
        path: String,
        manner: Manner = Manner(),
        debts: LogDebts? = nil,
        noticed: @escaping (LogFile, News) -> Void = { _, _ in }
    ) {
        self.path = path
        self.debts = debts
        unsaid = debts?.loss(at: path) ?? LogLoss()
        self.manner = manner
        self.noticed = noticed
        makeFile = { manner throws(SystemError) in
            try AppendedFile(path: path, mode: manner.mode, owner: manner.owner)
        }
    }

    /// Standard output.
    package init(console noticed: @escaping (LogFile, News) -> Void = { _, _ in }) {
        path = "standard output"
        debts = nil
        manner = Manner()
        self.noticed = noticed
        makeFile = { _ throws(SystemError) in try AppendedFile(standardOutput: ()) }
    }

    /// Lets a pipe that an earlier koomyd has read go on with the line that a kill cut.
    package func admit(_ writer: LogPipe) {
        guard writer.isMarked else { return }
        if wasWritten || lastWriter != nil { writer.setMark(false) } else { lastWriter = writer }
    }

    /// Whether what a writer brings next belongs to the line that it left open.
    package func isInsideLine(of writer: LogPipe) -> Bool {
        // How the last line ends is known of an open file only.
        guard lastWriter === writer, (try? open()) != nil else { return false }
        return hasOpenLine && lastWriter === writer
    }

    /// Whether it makes sense to try to write.
    package var mayTry: Bool { (trouble == nil && rest.isEmpty) || MonotonicClock.now() >= nextTry }

    /// How long a reader that is slow is waited for; nil where none is.
    package var pause: TimeSpan? { rest.isEmpty ? nil : nextTry - MonotonicClock.now() }

    /// How many bytes it takes before it is put aside, or the next one does; nil for any number.
    package var room: Int? {
        guard let limit = manner.rotation?.size else { return nil }
        // How much is in it is known of an open file only.
        if file == nil, mayTry, FileFacts(at: path) != nil { _ = try? open() }
        guard file?.isRegular != false else { return nil }
        let left = Int(clamping: limit.bytes) - Int(clamping: size)
        if left > 0 { return left }
        // The rest of an open line goes there, and nothing else.
        return hasOpenLine ? 1 : Int(clamping: limit.bytes)
    }

    // MARK: - Writing

    /// Moves bytes from the beginning of a worker's pipe to the file.
    ///
    /// - Returns: What came of it; nil, with nothing done, where the file takes bytes from memory only.
    package func splice(_ count: Int, from writer: LogPipe, endsLine: Bool) -> Transfer? {
        var done = 0
        guard isTurn(of: writer) else { return .blocked }
        do throws(SystemError) {
            let file = try ready(for: count)
            guard file.isRegular else { return nil }
            try begin(file, writer)
            writer.setMark(true)
            while done < count {
                guard let moved = try file.splice(count - done, from: writer.shared.descriptor) else { return nil }
                // Somebody else took the rest out of the pipe.
                guard moved > 0 else { break }
                absolve()
                hasOpenLine = true
                done += moved
                size += Int64(moved)
            }
            if done == count { hasOpenLine = !endsLine }
            absolve()
            interrupted = nil
            succeed()
        } catch {
            if endsLine, hasOpenLine, lastWriter === writer { interrupted = writer }
            fail(error)
        }
        return done > 0 ? .done(done) : .blocked
    }

    /// Appends lines of one writer, all of them or none.
    ///
    /// - Parameters:
    ///   - bytes: Lines as they are to be in the file.
    ///   - writer: Whose they are; nil for koomyd itself.
    ///   - begun: Called before the first byte, with the file, its size and how many bytes it is going to have more.
    /// - Returns: Whether they are in the file, or will be as soon as its reader takes more.
    package func write(
        _ bytes: UnsafeRawBufferPointer,
        from writer: LogPipe? = nil,
        begun: (FileIdentity, Int64, Int) -> Void = { _, _, _ in }
    ) -> Bool {
        guard let last = bytes.last else { return true }
        guard isTurn(of: writer) else { return false }
        do throws(SystemError) {
            let file = try ready(for: bytes.count)
            guard rest.isEmpty else { return false }
            try begin(file, writer)
            begun(file.identity, size, bytes.count)
            // Before: whoever finds the line open knows whose it is.
            if last != UInt8(ascii: "\n") { writer?.setMark(true) }
            try append(bytes, to: file)
            absolve()
            hasOpenLine = last != UInt8(ascii: "\n")
            writer?.setMark(hasOpenLine)
            interrupted = nil
            succeed()
            return true
        } catch {
            fail(error)
            return false
        }
    }

    /// Appends lines of koomyd itself; those that cannot be written are counted and not kept.
    package func write(_ bytes: [UInt8]) {
        let (isWritten, lines) = bytes.withUnsafeBytes { (write($0), $0.newlines) }
        guard !isWritten else { return }
        let lost = LogLoss(bytes: UInt64(bytes.count), lines: UInt64(lines))
        loss += lost
        unsaid += lost
    }

    /// Gives a reader that is slow what it has not taken yet; whether nothing is left of that.
    package func deliver() -> Bool {
        guard !rest.isEmpty else { return true }
        guard mayTry, let file = try? open() else { return false }
        do throws(SystemError) {
            try writeRest(to: file)
            if rest.isEmpty { succeed() }
        } catch {
            fail(error)
        }
        return rest.isEmpty
    }

    /// What of a batch that a koomyd has left under way is in the file: all of it, or nothing any more.
    package func settle(_ entry: LogReceipt.Entry) -> Bool {
        // Not by `open`, which puts a file aside whose time has passed meanwhile: that one has the lines.
        guard let file = file ?? (try? makeFile(manner)), file.isRegular, file.identity == entry.file,
            let found = try? file.size, found > entry.offset
        else { return false }
        if found >= entry.offset + Int64(entry.length) { return true }
        try? file.cut(to: entry.offset)
        // Closed, so that how its last line ends is asked anew.
        reopen()
        return false
    }

    /// Notes what is thrown away of a writer.
    package func lose(_ lost: LogLoss, of writer: LogPipe) {
        loss += lost
        unsaid += lost
        oweWords()
        if interrupted === writer { interrupted = nil }
        guard lastWriter === writer else { return }
        // A line whose beginning was written is nobody's now: its end was dropped.
        writer.setMark(false)
        lastWriter = nil
    }

    // MARK: - Another file

    /// Lets go of the file; the next line opens whatever is at the path then.
    package func reopen() { file = nil }

    /// Puts the file aside, unless it is empty, and goes on with a new one.
    package func rotate() throws(SystemError) {
        let file = try open()
        guard file.isRegular, size > 0 else { return }
        defer { reopen() }
        // Somebody else has moved it already.
        guard FileIdentity(at: path) == file.identity else { return }
        lastName = try RotatedFiles(of: path).putAside(at: WallClock.now(), after: lastName)
        hasOpenLine = false
        lastWriter?.setMark(false)
        lastWriter = nil
        interrupted = nil
        noticed(self, .rotated)
    }

    /// Empties the file.
    package func flush() throws(SystemError) {
        let file = try open()
        guard file.isRegular else { return }
        try file.cut(to: 0)
        reopen()
    }

    private func rotateIfDue(for count: Int) {
        guard let rotation = manner.rotation, let limit = rotation.size, !hasOpenLine, size > 0,
            UInt64(size) + UInt64(count) > limit.bytes
        else { return }
        rotateIfPossible()
    }

    private func rotateIfPossible() {
        guard MonotonicClock.now() >= nextRotation else { return }
        do throws(SystemError) {
            try rotate()
        } catch {
            // A file that grows is better than a worker that waits.
            nextRotation = MonotonicClock.now() + Self.rotationPatience
            noticed(self, .cannotRotate(error))
        }
    }

    // MARK: - Steps of a write

    private func isTurn(of writer: LogPipe?) -> Bool { interrupted == nil || interrupted === writer }

    private func ready(for count: Int) throws(SystemError) -> AppendedFile {
        var current = try open()
        rotateIfDue(for: count)
        if file == nil { current = try open() }
        try writeRest(to: current)
        if unsaid.bytes > 0 { try confess(in: current) }
        return current
    }

    private func open() throws(SystemError) -> AppendedFile {
        if let file { return file }
        let opened = try makeFile(manner)
        if opened.isRegular {
            hasOpenLine = opened.endsInsideLine
            size = try opened.size
        }
        file = opened
        rotateIfOverdue(opened)
        guard let file else { return try open() }
        return file
    }

    /// A time to put it aside has passed since it was last written to, while no koomyd ran.
    private func rotateIfOverdue(_ opened: AppendedFile) {
        guard let schedule = manner.rotation?.schedule, opened.isRegular, size > 0, let written = opened.modified,
            let due = schedule.next(after: written), due <= WallClock.now()
        else { return }
        rotateIfPossible()
    }

    /// Says in the file what is not in it.
    private func confess(in file: AppendedFile) throws(SystemError) {
        try begin(file, nil)
        if file.isRegular { confession = (unsaid, try file.size) }
        let words = confessionWords
        if let confession {
            debts?.begin(words, LogDebts.Telling(file: file.identity, offset: confession.start), at: path)
        } else {
            debts?.end(at: path)
        }
        var said = 0
        while said < words.count {
            let count = try file.append(words[said...])
            guard count > 0 else { break }
            said += count
        }
        if file.isRegular { size += Int64(said) }
        hasOpenLine = false
        unsaid = LogLoss()
    }

    private var confessionWords: [UInt8] {
        let reason = trouble.map { ": \($0.errno.text)" } ?? ""
        return manner.format.note("\(unsaid) could not be written here\(reason)", at: WallClock.now())
    }

    private func oweWords() { debts?.owe(LogDebts.Debt(unsaid, confessionWords), at: path) }

    /// A line follows what the file has said, which so stays.
    private func absolve() {
        guard confession != nil else { return }
        confession = nil
        debts?.end(at: path)
    }

    /// Ends a line that somebody else left open, so that none is mixed, and notes who writes now.
    private func begin(_ file: AppendedFile, _ writer: LogPipe?) throws(SystemError) {
        if hasOpenLine, lastWriter == nil || lastWriter !== writer {
            try file.endLine()
            size += 1
            hasOpenLine = false
        }
        if lastWriter !== writer {
            lastWriter?.setMark(false)
            lastWriter = writer
        }
        wasWritten = true
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to file: AppendedFile) throws(SystemError) {
        var written = 0
        do throws(SystemError) {
            while written < bytes.count {
                let count = try file.append(UnsafeRawBufferPointer(rebasing: bytes[written...]))
                if count == 0 { break }
                written += count
                taken += UInt64(count)
            }
        } catch {
            if file.isRegular, written > 0 { try? file.cut(to: size) }
            throw error
        }
        if file.isRegular { size += Int64(written) }
        guard written < bytes.count else { return }
        // A reader that is slow gets it later, and before anything else.
        rest = Array(bytes[written...])[...]
        waitForReader(hasTaken: written > 0)
    }

    private func writeRest(to file: AppendedFile) throws(SystemError) {
        var hasTaken = false
        while !rest.isEmpty {
            let count = try file.append(rest)
            guard count > 0 else { return waitForReader(hasTaken: hasTaken) }
            hasTaken = true
            rest = rest.dropFirst(count)
            taken += UInt64(count)
        }
    }

    private func waitForReader(hasTaken: Bool) {
        let longer = min(readerPatience * 2, Self.longestReaderPatience)
        readerPatience = hasTaken ? Self.shortestReaderPatience : longer
        nextTry = MonotonicClock.now() + readerPatience
    }

    // MARK: - Trouble

    private func succeed() {
        if rest.isEmpty { patience = Self.shortestPatience }
        guard trouble != nil else { return }
        trouble = nil
        noticed(self, .recovered(loss))
    }

    private func fail(_ error: SystemError) {
        if let (loss, start) = confession.take() {
            // What little room there was for words is none for lines: everything is said at once, later.
            try? file?.cut(to: start)
            unsaid = loss
            oweWords()
        }
        // The next attempt opens it again: the folder may have been made, the disk mounted meanwhile.
        file = nil
        rest = []
        let isNew = trouble == nil
        let known = SystemError(error.operation, error.errno, subject: path, hint: error.hint)
        trouble = known
        wait()
        if isNew { noticed(self, .trouble(known)) }
    }

    private func wait() {
        nextTry = MonotonicClock.now() + patience
        patience = min(patience * 2, Self.longestPatience)
    }
}
