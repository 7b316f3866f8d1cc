import KoomyWire

/// A client that is told of events as they happen.
struct EventFollower {
    let stream: ResponseStream
    /// The number of the last event that it was given.
    private var last: UInt64

    init(_ stream: ResponseStream, last: UInt64) {
        self.stream = stream
        self.last = last
    }

    /// Gives it an event that it has not had.
    mutating func send(_ event: EventView, _ line: [UInt8]) {
        guard event.seq > last || last == 0 else { return }
        last = event.seq
        stream.write(line)
    }
}
