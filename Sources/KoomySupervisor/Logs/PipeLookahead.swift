import Glibc
package import KoomySystem

/// Looks at what a pipe holds and leaves it there; one for all pumps, as only one looks at a time.
///
/// tee(2) puts a copy of the pipe's pages, not of their bytes, into a scratch pipe, and that is read.
package final class PipeLookahead {
    /// What was seen at the beginning of a pipe.
    package struct View: Hashable {
        /// How many bytes were seen.
        package var seen: Int
        /// How many of them are whole lines.
        package var lines: Int
        /// Whether there is no room in the pipe for an end of the line, which so never comes.
        package var isFull = false
    }

    package enum Look: Hashable {
        case bytes(View)
        case nothing
        /// Nothing, and nobody can write to it any more.
        case ended
    }

    /// No more is ever looked at; a longer line leaves the pipe in pieces.
    private static let most = 1 << 20
    /// Where nobody needs the bytes, the end of what is there is looked at first: it mostly has a newline.
    private static let glance = 4 << 10

    private let scratch: SharedDescriptor
    private let null: SharedDescriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: most, alignment: 16)
    /// Where what becomes of these bytes is put together.
    let text = LineBuffer()
    /// How many bytes of the pipe that was looked at last are in the buffer, from its first on.
    private var held = 0

    /// - Parameter capacity: How many bytes the pipes have room for that are to be looked at.
    /// - Throws: Where no pipe can be made.
    package init(capacity: Int32) throws(SystemError) {
        scratch = SharedDescriptor(try Pipe.ofOneDescriptor())
        scratch.descriptor.requestPipeCapacity(Int(capacity))
        null = SharedDescriptor(try FileDescriptor.nullDevice())
    }

    isolated deinit { buffer.deallocate() }

    /// Finds whole lines at the beginning of a pipe.
    ///
    /// - Parameters:
    ///   - pipe: The read end.
    ///   - known: How many bytes at its beginning are known to have no newline.
    ///   - share: How many bytes are looked at and kept for `bytes`, unless they have no whole line; nil where their
    ///     number is all that is wanted.
    ///   - room: How many bytes are wanted at most, unless the first line has more; nil for any number.
    /// - Returns: What is there.
    /// - Throws: Where it is no pipe, or the kernel has no memory.
    package func look(
        _ pipe: SharedDescriptor,
        past known: Int,
        keeping share: Int?,
        room: Int? = nil
    ) throws(SystemError) -> Look {
        let known = share == nil ? known : 0
        let most = min(share ?? Self.most, room ?? Self.most)
        let first = try search(pipe, most, known, window: share ?? Self.glance)
        guard case .bytes(let view) = first, view.lines == 0 else { return first }
        try matchCapacity(of: pipe)
        return try search(pipe, Self.most, known, window: nil, room: room)
    }

    /// The first bytes of a pipe that was just looked at.
    package func bytes(_ count: Int, of pipe: SharedDescriptor) throws(SystemError) -> UnsafeRawBufferPointer {
        if held < count { _ = try search(pipe, count, 0, window: count) }
        return UnsafeRawBufferPointer(rebasing: buffer[..<min(count, held)])
    }

    /// What was seen is not there any more, or of another pipe than the next one.
    package func forget() { held = 0 }

    /// Takes bytes out of a pipe that was just looked at, all of them in one act that no kill divides.
    ///
    /// - Returns: How many were taken: all, or none where that is not possible.
    package func takeAtOnce(_ count: Int, of pipe: SharedDescriptor) -> Int {
        // The scratch pipe had slots for the copy of them, so it has slots for them.
        guard held >= count, let moved = try? pipe.descriptor.move(count, over: scratch.descriptor) else { return 0 }
        try? scratch.descriptor.splice(moved, to: null.descriptor)
        return moved
    }

    /// The first byte of a pipe; nil where it has none.
    package func firstByte(of pipe: SharedDescriptor) throws(SystemError) -> UInt8? {
        guard case .bytes = try search(pipe, 1, 0, window: 1) else { return nil }
        return buffer[0]
    }

    /// Takes bytes out of a pipe.
    package func discard(_ count: Int, of pipe: SharedDescriptor) throws(SystemError) {
        try pipe.descriptor.splice(count, to: null.descriptor)
    }

    /// Gives the scratch pipe as many slots as a pipe has, so that a copy fills it exactly when the pipe is full.
    ///
    /// A pipe that is larger than any that we may have counts as full when all that we can see of it is.
    private func matchCapacity(of pipe: SharedDescriptor) throws(SystemError) {
        let capacity = min(try pipe.descriptor.pipeCapacity(), Self.most)
        let present = try scratch.descriptor.pipeCapacity()
        if present != capacity { scratch.descriptor.requestPipeCapacity(capacity) }
    }

    /// Copies at most so many bytes and reads those after the known ones, or the last of them that a window shows.
    ///
    /// Of lines that have no room together, those are found that have, or else the first alone.
    private func search(
        _ pipe: SharedDescriptor,
        _ most: Int,
        _ known: Int,
        window: Int?,
        room: Int? = nil
    ) throws(SystemError) -> Look {
        held = 0
        let seen: Int
        switch try pipe.descriptor.tee(to: scratch.descriptor, most: most) {
        case .wouldBlock: return .nothing
        case .endOfFile: return .ended
        case .bytes(let count): seen = count
        }
        do throws(SystemError) {
            var view = View(seen: seen, lines: 0)
            if window == nil {
                let hasRoom = try scratch.descriptor.isWritable()
                view.isFull = !hasRoom || seen == most
            }
            let unread = min(seen, max(known, seen - (window ?? seen)))
            try scratch.descriptor.splice(unread, to: null.descriptor)
            let text = UnsafeRawBufferPointer(rebasing: buffer[..<(seen - unread)])
            try fill(text.count)
            if unread == 0 { held = seen }
            let lines = text.wholeLines
            if lines > 0 { view.lines = unread + lines }
            if let room, view.lines > room {
                let fitting = UnsafeRawBufferPointer(rebasing: text.prefix(max(0, room - unread))).wholeLines
                let first = text.firstIndex(ofByte: UInt8(ascii: "\n"), from: 0).map { $0 + 1 } ?? lines
                let count = unread + (fitting > 0 ? fitting : first)
                // Behind them are lines as well: nothing more was seen.
                view = View(seen: count, lines: count)
            }
            return .bytes(view)
        } catch {
            // What is left of this copy must not be taken for the beginning of the next.
            try scratch.descriptor.splice(.max, to: null.descriptor)
            throw error
        }
    }

    /// Reads so many bytes of the copy, which are there.
    private func fill(_ count: Int) throws(SystemError) {
        var filled = 0
        while filled < count {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<count])
            guard case .bytes(let more) = try scratch.descriptor.read(into: room) else { return }
            filled += more
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The place of the first byte of a value from an index on (memchr(3)).
    func firstIndex(ofByte byte: UInt8, from start: Int) -> Int? {
        guard let baseAddress, start < count, let found = memchr(baseAddress + start, Int32(byte), count - start) else {
            return nil
        }
        return UnsafeRawPointer(found) - baseAddress
    }
}
