import CKoomyLinux

/// The two ends of a pipe.
package struct Pipe: ~Copyable, Sendable {
    package var readEnd: FileDescriptor
    package var writeEnd: FileDescriptor

    /// Makes a pipe; one that outlives its readers goes on taking what is written when nobody reads any more.
    ///
    /// Its write end is open for reading too, so whoever has it is a reader of its own: a write fails never with EPIPE
    /// and raises no SIGPIPE, but waits when the pipe is full. A reader still finds the end when the last such
    /// descriptor is closed. Where /proc is missing, it is a plain pipe.
    package init(outlivesReaders: Bool = false) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try check(outlivesReaders ? koomy_pipe_with_lasting_reader(&ends) : koomy_pipe(&ends), "pipe")
        readEnd = FileDescriptor(owning: ends[0])
        writeEnd = FileDescriptor(owning: ends[1])
    }

    /// Keeps one end and closes the other.
    package consuming func takeReadEnd() -> FileDescriptor { readEnd }

    /// Keeps one end and closes the other.
    package consuming func takeWriteEnd() -> FileDescriptor { writeEnd }

    /// Both ends, each with an owner of its own.
    package consuming func shared() -> (readEnd: SharedDescriptor, writeEnd: SharedDescriptor) {
        (SharedDescriptor(readEnd), SharedDescriptor(writeEnd))
    }
}
