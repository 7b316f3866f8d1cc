import CKoomyLinux
import Glibc

extension FileDescriptor {
    /// `/dev/null`, which takes what nobody wants.
    package static func nullDevice() throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(koomy_open("/dev/null", O_WRONLY, 0), "open", "/dev/null"))
    }

    /// Copies what a pipe holds to another pipe and leaves it there, without waiting (tee(2)).
    package borrowing func tee(to other: borrowing FileDescriptor, most: Int) throws(SystemError) -> ReadResult {
        let count = koomy_tee(number, other.number, most)
        if count == -Int(EAGAIN) { return .wouldBlock }
        return try check(count, "tee") == 0 ? .endOfFile : .bytes(count)
    }

    /// Moves bytes out of a pipe to what has no position, as `/dev/null`, until so many are moved or none is left.
    package borrowing func splice(_ count: Int, to other: borrowing FileDescriptor) throws(SystemError) {
        var rest = count
        while rest > 0 {
            let moved = koomy_splice(number, other.number, rest)
            if moved == -Int(EAGAIN) || moved == 0 { return }
            rest -= try check(moved, "splice")
        }
    }

    /// Moves bytes to another pipe, all of them at once: a kill of this process finds all of them moved, or none.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - other: It has as many free slots as these bytes fill in this one, or else fewer bytes are moved.
    /// - Returns: How many were.
    /// - Throws: Where one of the two is no pipe.
    package borrowing func move(_ count: Int, over other: borrowing FileDescriptor) throws(SystemError) -> Int {
        let moved = koomy_move_over(number, other.number, count)
        return moved == -Int(EAGAIN) ? 0 : try check(moved, "splice")
    }

    /// How many bytes can be read now (FIONREAD).
    package borrowing func readableSize() throws(SystemError) -> Int {
        Int(try check(koomy_readable_size(number), "ask what can be read"))
    }

    /// How many bytes a pipe has room for, a page for each of its slots (fcntl(2), F_GETPIPE_SZ).
    package borrowing func pipeCapacity() throws(SystemError) -> Int {
        Int(try check(koomy_get_pipe_size(number), "ask for the size of a pipe"))
    }

    /// Asks for room in a pipe for this many bytes, or more; the kernel gives what it allows (F_SETPIPE_SZ).
    package borrowing func requestPipeCapacity(_ bytes: Int) {
        _ = koomy_set_pipe_size(number, Int32(clamping: bytes))
    }

    /// Whether something can be written without waiting.
    package borrowing func isWritable() throws(SystemError) -> Bool {
        try check(koomy_is_writable(number), "poll") == 1
    }
}

extension UnsafeRawBufferPointer {
    /// How many of these bytes are whole lines: up to the last newline, or none.
    package var wholeLines: Int { baseAddress.map { koomy_whole_lines($0, count) } ?? 0 }

    /// How many newlines are among these bytes.
    package var newlines: Int { baseAddress.map { koomy_newlines($0, count) } ?? 0 }
}

extension Pipe {
    /// Asks for room for this many bytes; the kernel gives what it allows.
    package borrowing func requestCapacity(_ bytes: Int32) { readEnd.requestPipeCapacity(Int(bytes)) }

    /// A pipe that one descriptor both fills and empties (fifo(7)).
    package static func ofOneDescriptor() throws(SystemError) -> FileDescriptor {
        let pipe = try Pipe()
        let path = "/proc/self/fd/\(pipe.readEnd.number)"
        return FileDescriptor(owning: try check(koomy_open(path, O_RDWR, 0), "open a pipe both ways"))
    }
}

// MARK: - A mark on a pipe

extension FileDescriptor {
    /// One bit that a pipe itself keeps for as long as anybody has it open, whoever of its owners dies meanwhile.
    ///
    /// It is the owner's execute bit, which means nothing for a pipe (fchmod(2)).
    package borrowing func hasPipeMark() -> Bool {
        var status = koomy_file_status()
        return koomy_status(number, &status) >= 0 && status.mode & S_IFMT == S_IFIFO && status.mode & S_IXUSR != 0
    }

    /// Sets or clears the mark; without effect on what is not ours.
    package borrowing func setPipeMark(_ isSet: Bool) {
        _ = koomy_change_mode_of(number, S_IRUSR | S_IWUSR | (isSet ? S_IXUSR : 0))
    }
}
