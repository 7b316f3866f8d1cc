package import KoomyModel

/// How new workers do beside those that they are to replace.
package struct Comparison: Hashable, Sendable, Codable {
    /// What a worker of one kind needs on average; nil where nobody knows.
    package struct Group: Hashable, Sendable, Codable {
        package var memory: ByteCount?
        /// Bytes a second on standard error.
        package var complaints: Double?

        package init(memory: ByteCount? = nil, complaints: Double? = nil) {
            self.memory = memory
            self.complaints = complaints
        }
    }

    package var new: Group
    package var old: Group

    package init(new: Group, old: Group) {
        self.new = new
        self.old = old
    }

    /// Half as much again is too much, and so much at least: programs differ a little with each start.
    private static let memoryMargin: UInt64 = 32 << 20
    /// Twice as much is too much, and so many bytes a second at least: a program may say a word at its start.
    private static let complaintMargin = 200.0

    /// Why the new ones are not to replace the others, for people; nil where nothing speaks against it.
    package var fault: String? {
        if let new = new.memory, let old = old.memory,
            new.bytes > old.bytes + old.bytes / 2, new.bytes - old.bytes > Self.memoryMargin
        {
            return "a new worker has \(new) of memory, an old one \(old)"
        }
        if let new = new.complaints, let old = old.complaints, new > old * 2, new - old > Self.complaintMargin {
            return "a new worker writes \(Int(new)) bytes a second to its standard error, an old one \(Int(old))"
        }
        return nil
    }
}
