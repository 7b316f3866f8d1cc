package import KoomyEventLoop
package import KoomySystem

/// Carries what a worker writes to one of its standard streams to its log, line by line.
package final class LogPump {
    /// Read in one turn, so that a flooding worker does not hold the loop.
    private static let share = 4

    private let sink: LogSink
    private var lines = LineBuffer()
    private var source: IOSource?
    private let buffer: UnsafeMutableRawBufferPointer
    private let pipe: SharedDescriptor
    private var ended: (() -> Void)?

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - loop: Where it is watched.
    ///   - pipe: The read end; it is made nonblocking.
    ///   - sink: Where the lines go.
    ///   - buffer: Room to read into, shared by all pumps: only one reads at a time.
    ///   - ended: Called once, when nobody can write to the pipe any more.
    /// - Throws: Where the pipe cannot be watched.
    package init(
        loop: EventLoop,
        pipe: consuming FileDescriptor,
        sink: LogSink,
        buffer: UnsafeMutableRawBufferPointer,
        ended: @escaping () -> Void
    ) throws(SystemError) {
        try pipe.setNonblocking(true)
        self.pipe = SharedDescriptor(pipe)
        self.sink = sink
        self.buffer = buffer
        self.ended = ended
        source = try loop.io(self.pipe.number, .readable, priority: .idle) { [weak self] _ in
            self?.pump(most: Self.share)
        }
    }

    /// Reads all that is there now: a worker that has ended left its last words in the pipe.
    package func drain() { pump(most: 1_024) }

    /// Writes what has no newline and lets go of the pipe.
    package func close() {
        guard source != nil else { return }
        source.remove()
        lines.flush(sink.write)
        let ended = ended
        self.ended = nil
        ended?()
    }

    private func pump(most: Int) {
        for _ in 0..<most {
            do throws(SystemError) {
                switch try pipe.descriptor.read(into: buffer) {
                case .bytes(let count):
                    lines.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]), sink.write)
                    if count < buffer.count { return }
                case .wouldBlock: return
                case .endOfFile:
                    close()
                    return
                }
            } catch {
                close()
                return
            }
        }
    }
}
