import KoomyModel
package import KoomySystem

/// How far a batch of lines is that is written to files first and then taken out of the pipe that it came from.
///
/// The two cannot be one act where lines are changed on their way. A koomyd that is killed between them leaves here, in
/// a file of the run folder, what was to be written where; and what is taken out of the pipe goes into this file too, so
/// that its size tells how much of it was. So the next koomyd neither loses nor repeats a line.
package final class LogReceipt {
    /// A batch under way.
    package struct Entry: Hashable, Sendable {
        /// The pipe that it came from.
        package var pipe: FileIdentity
        /// How many bytes of the pipe it is.
        package var count: Int
        /// Which of the files that its lines go to is being written; those before it have it.
        package var index: Int
        /// That file, how large it was before, and how many bytes more it is then.
        package var file: FileIdentity
        package var offset: Int64
        package var length: Int
        /// The last byte of the batch, where it tells a pipe that has the batch from one that has only this byte of it.
        package var last: UInt8?
        /// How large the receipt was before anything was taken.
        var start: Int64 = 0

        package init(
            pipe: FileIdentity,
            count: Int,
            index: Int,
            file: FileIdentity,
            offset: Int64,
            length: Int,
            last: UInt8? = nil
        ) {
            self.pipe = pipe
            self.count = count
            self.index = index
            self.file = file
            self.offset = offset
            self.length = length
            self.last = last
        }
    }

    private let descriptor: FileDescriptor
    private var size: Int64
    /// Another one in each koomyd, so that no two texts look like one.
    private var sequence = UInt64(max(0, MonotonicClock.now().nanoseconds))
    /// The one that was begun last.
    private var current: Entry?
    /// The batch that a koomyd has left, and how many of its bytes are out of the pipe.
    private var left: (entry: Entry, taken: Int)?

    /// Before it is the text of the entry.
    private static let beginning: Int64 = 512
    /// What was taken is worth nothing afterwards; the file is cut when it has this size.
    private static let enough: Int64 = 4 << 20

    /// Opens the file of an earlier koomyd, or a new one.
    ///
    /// - Throws: Where neither is possible; lines may then be repeated after a kill.
    package init(path: String) throws(SystemError) {
        descriptor = try FileDescriptor.updating(path, mode: 0o600)
        size = try descriptor.fileSize()
        left = (try? descriptor.read(at: 0, most: Int(Self.beginning))).flatMap { Self.parse($0) }
            .map { ($0, Int(clamping: max(0, size - $0.start))) }
        if left == nil || size < Self.beginning { try cut() }
    }

    /// What an earlier koomyd left of a pipe; only the first time.
    package func takeLeft(of pipe: FileIdentity) -> (entry: Entry, taken: Int)? {
        guard let found = left, found.entry.pipe == pipe else { return nil }
        left = nil
        current = found.entry
        return found
    }

    /// Notes what is going to be written.
    package func begin(_ entry: Entry) throws(SystemError) {
        left = nil
        current = nil
        if size > Self.enough { try cut() }
        sequence += 1
        var entry = entry
        entry.start = size
        try descriptor.write(Self.text(of: entry, sequence), at: 0)
        current = entry
    }

    /// The last byte of the batch is not going to be left in the pipe by itself; whether that is written down.
    package func forgetLast() -> Bool {
        guard var entry = current else { return false }
        entry.last = nil
        return (try? begin(entry)) != nil
    }

    /// Takes bytes out of the pipe.
    ///
    /// - Returns: How many were; fewer where the run folder is full.
    package func take(_ count: Int, from pipe: borrowing FileDescriptor) -> Int {
        var taken = 0
        while taken < count, let moved = try? pipe.splice(count - taken, toEndOf: descriptor), moved > 0 {
            taken += moved
            size += Int64(moved)
        }
        return taken
    }

    /// Nothing of the batch was written, or what was taken of it is not all here.
    ///
    /// One that is complete needs no end: it leaves nothing to be done.
    package func end() { try? descriptor.write(Self.nothing, at: 0) }

    private func cut() throws(SystemError) {
        // First: what was taken is not to look as if it were in the pipe.
        try descriptor.write(Self.nothing, at: 0)
        try descriptor.cut(to: Self.beginning)
        size = Self.beginning
    }

    // MARK: - As text

    private static let nothing = Array("0 \n".utf8)
    private static let noByte: UInt64 = 256

    /// The number at both ends tells that it was written as a whole.
    private static func text(of entry: Entry, _ sequence: UInt64) -> [UInt8] {
        let numbers = [
            sequence, entry.pipe.device, entry.pipe.inode, UInt64(entry.count), UInt64(entry.index), entry.file.device,
            entry.file.inode, UInt64(entry.offset), UInt64(entry.length), UInt64(entry.start),
            entry.last.map { UInt64($0) } ?? Self.noByte, sequence,
        ]
        return Array((numbers.map { String($0) }.joined(separator: " ") + "\n").utf8)
    }

    private static func parse(_ bytes: [UInt8]) -> Entry? {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let numbers = String(decoding: line, as: UTF8.self).split(separator: " ").map { UInt64($0) }
        guard line.count < bytes.count, numbers.count == 12, let sequence = numbers[0], sequence == numbers[11] else {
            return nil
        }
        let whole = numbers.map { $0.flatMap { Int(exactly: $0) } }
        guard let pipeDevice = numbers[1], let pipe = numbers[2], let count = whole[3], let index = whole[4],
            let device = numbers[5], let inode = numbers[6], let offset = whole[7], let length = whole[8],
            let start = whole[9], let last = numbers[10], last <= Self.noByte
        else { return nil }
        var entry = Entry(
            pipe: FileIdentity(device: pipeDevice, inode: pipe),
            count: count,
            index: index,
            file: FileIdentity(device: device, inode: inode),
            offset: Int64(offset),
            length: length,
            last: UInt8(exactly: last)
        )
        entry.start = Int64(start)
        return entry
    }
}
