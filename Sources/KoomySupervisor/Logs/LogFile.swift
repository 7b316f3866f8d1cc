package import KoomySystem

/// A file that lines are appended to, by us alone.
package final class LogFile {
    package let path: String
    private let mode: UInt32
    private var descriptor: SharedDescriptor?
    /// What the disk did not take; it is counted and not kept, so that a full disk stops no worker.
    package private(set) var dropped: UInt64 = 0
    /// The last reason why something was not written; nil while writing works.
    package private(set) var trouble: SystemError?
    /// Told when writing begins to fail, and with nil when it works again.
    private let noticed: (LogFile, SystemError?) -> Void
    /// Whether a write failed in the middle: the line that it began is ended before the next.
    private var isTorn = false
    /// Who wrote last and left a line without its end.
    private var unfinished: ObjectIdentifier?

    package init(
        path: String,
        mode: UInt32 = 0o640,
        noticed: @escaping (LogFile, SystemError?) -> Void = { _, _ in }
    ) {
        self.path = path
        self.mode = mode
        self.noticed = noticed
    }

    /// Appends lines of one writer; a line that another writer left unfinished is ended first, so that none is mixed.
    package func write(_ bytes: UnsafeRawBufferPointer, from writer: ObjectIdentifier) {
        guard let last = bytes.last else { return }
        if isTorn || (unfinished != nil && unfinished != writer) { write(Array("\n".utf8)) }
        write(bytes)
        unfinished = last == UInt8(ascii: "\n") ? nil : writer
    }

    /// Appends bytes; what cannot be written is counted.
    package func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        do throws(SystemError) {
            let file = try open()
            while !rest.isEmpty {
                guard let count = try file.descriptor.write(rest) else {
                    throw SystemError("write to the log", .wouldBlock, subject: path)
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            isTorn = false
            guard trouble != nil else { return }
            trouble = nil
            noticed(self, nil)
        } catch {
            dropped += UInt64(rest.count)
            if rest.count < bytes.count { isTorn = true }
            let isNew = trouble == nil
            trouble = error
            if isNew { noticed(self, error) }
            // The next line opens it again: the folder may have been made, the disk mounted meanwhile.
            descriptor = nil
        }
    }

    package func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    /// Lets go of the file; the next line opens whatever is at the path then.
    package func reopen() { descriptor = nil }

    private func open() throws(SystemError) -> SharedDescriptor {
        if let descriptor { return descriptor }
        let opened = SharedDescriptor(try FileDescriptor.appending(to: path, mode: mode))
        descriptor = opened
        return opened
    }
}
