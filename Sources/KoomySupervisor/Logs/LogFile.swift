package import KoomySystem

/// A file that lines are appended to, by us alone.
package final class LogFile {
    package let path: String
    private let mode: UInt32
    private var file: AppendedFile?
    /// What the disk did not take; it is counted and not kept, so that a full disk stops no worker.
    package private(set) var dropped: UInt64 = 0
    /// The last reason why something was not written; nil while writing works.
    package private(set) var trouble: SystemError?
    /// Told when writing begins to fail, and with nil when it works again.
    private let noticed: (LogFile, SystemError?) -> Void
    /// Whether the last line has no end yet.
    private var hasOpenLine = false
    /// Who wrote last: the one whose an open line is; nil for a stranger.
    private weak var lastWriter: LogPipe?
    private var wasWritten = false

    package init(
        path: String,
        mode: UInt32 = 0o640,
        noticed: @escaping (LogFile, SystemError?) -> Void = { _, _ in }
    ) {
        self.path = path
        self.mode = mode
        self.noticed = noticed
    }

    /// Lets a pipe that an earlier koomyd has read go on with the line that a kill cut.
    package func admit(_ writer: LogPipe) {
        guard writer.isMarked else { return }
        if wasWritten || lastWriter != nil { writer.setMark(false) } else { lastWriter = writer }
    }

    /// Whether what a writer brings next belongs to the line that it left open.
    package func isInsideLine(of writer: LogPipe) -> Bool {
        file != nil && hasOpenLine && lastWriter === writer
    }

    /// Moves bytes from the beginning of a worker's pipe to the file; those that the disk does not take are dropped.
    ///
    /// - Returns: How many bytes are in the file or, by no fault of the disk, not in the pipe any more: the rest is to
    ///   be taken out of the pipe. Nil, with nothing done, where the file takes bytes from memory only.
    package func splice(_ count: Int, from writer: LogPipe, endsLine: Bool) -> Int? {
        var done = 0
        do throws(SystemError) {
            let file = try open()
            guard file.isRegular else { return nil }
            try begin(file, writer)
            writer.setMark(true)
            while done < count {
                guard let moved = try file.splice(count - done, from: writer.shared.descriptor) else { return nil }
                guard moved > 0 else { return count }
                hasOpenLine = true
                done += moved
            }
            hasOpenLine = !endsLine
            succeed()
        } catch {
            fail(error, dropping: count - done)
        }
        return done
    }

    /// Appends lines of one writer; what cannot be written is counted.
    package func write(_ bytes: UnsafeRawBufferPointer, from writer: LogPipe? = nil) {
        guard let last = bytes.last else { return }
        var rest = bytes
        do throws(SystemError) {
            let file = try open()
            try begin(file, writer)
            // What a kill cuts here is still in the pipe: the next koomyd begins it anew, on a line of its own.
            writer?.setMark(false)
            while !rest.isEmpty {
                let count = try file.append(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                hasOpenLine = true
            }
            hasOpenLine = last != UInt8(ascii: "\n")
            succeed()
        } catch {
            fail(error, dropping: rest.count)
        }
    }

    package func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    /// Lets go of the file; the next line opens whatever is at the path then.
    package func reopen() { file = nil }

    private func open() throws(SystemError) -> AppendedFile {
        if let file { return file }
        let opened = try AppendedFile(path: path, mode: mode)
        if opened.isRegular { hasOpenLine = opened.endsInsideLine }
        file = opened
        return opened
    }

    /// Ends a line that somebody else left open, so that none is mixed, and notes who writes now.
    private func begin(_ file: AppendedFile, _ writer: LogPipe?) throws(SystemError) {
        if hasOpenLine, lastWriter == nil || lastWriter !== writer {
            try file.endLine()
            hasOpenLine = false
        }
        if lastWriter !== writer {
            lastWriter?.setMark(false)
            lastWriter = writer
        }
        wasWritten = true
    }

    private func succeed() {
        guard trouble != nil else { return }
        trouble = nil
        noticed(self, nil)
    }

    private func fail(_ error: SystemError, dropping count: Int) {
        dropped += UInt64(count)
        // A line whose beginning was written is nobody's now: its end was dropped.
        lastWriter?.setMark(false)
        lastWriter = nil
        // The next line opens it again: the folder may have been made, the disk mounted meanwhile.
        file = nil
        let isNew = trouble == nil
        trouble = SystemError(error.operation, error.errno, subject: path, hint: error.hint)
        if isNew { noticed(self, trouble) }
    }
}
