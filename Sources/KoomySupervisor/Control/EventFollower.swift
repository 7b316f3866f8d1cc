import KoomyWire

/// A client that is told of events as they happen.
struct EventFollower {
    let stream: ResponseStream
    /// The number of the last event that it was given; nil before the first.
    private var last: UInt64?

    init(_ stream: ResponseStream, last: UInt64?) {
        self.stream = stream
        self.last = last
    }

    /// Gives it an event that it has not had.
    mutating func send(_ event: EventView, _ line: [UInt8]) {
        if let last, event.seq <= last { return }
        last = event.seq
        stream.write(line)
    }
}
