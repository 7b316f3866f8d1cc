package import KoomyModel
package import KoomyWire

/// Commands by the keys of their clients, so that one that is sent again is not done again.
package final class OperationTable {
    /// What a client calls a command; another user's key is another key.
    package struct Key: Hashable, Sendable {
        package var text: String
        package var userID: UInt32

        package init(text: String, userID: UInt32) {
            self.text = text
            self.userID = userID
        }
    }

    /// Where a command stands.
    package enum Standing {
        case running(RequestID)
        case ended(CommandResult)
    }

    /// Ended commands that are remembered; the oldest are forgotten first.
    static let capacity = 256

    private var requests: [Key: RequestID] = [:]
    private var keys: [RequestID: Key] = [:]
    private var results: [RequestID: CommandResult] = [:]
    private var ended: [RequestID] = []

    package init() {}

    package func begin(_ key: Key, _ request: RequestID) {
        requests[key] = request
        keys[request] = key
    }

    /// Remembers how a request ended; nothing where nobody can ask for it.
    package func end(_ request: RequestID, _ result: CommandResult) {
        guard keys[request] != nil, results[request] == nil else { return }
        results[request] = result
        ended.append(request)
        guard ended.count > Self.capacity else { return }
        let oldest = ended.removeFirst()
        results[oldest] = nil
        if let key = keys.removeValue(forKey: oldest) { requests[key] = nil }
    }

    package func isKnown(_ request: RequestID) -> Bool { keys[request] != nil }

    /// nil for a key that is new.
    package func standing(_ key: Key) -> Standing? {
        guard let request = requests[key] else { return nil }
        return results[request].map(Standing.ended) ?? .running(request)
    }

    /// All of them, oldest first.
    package var records: [OperationRecord] {
        keys.sorted { $0.key.number < $1.key.number }.map {
            OperationRecord(key: $0.value.text, request: $0.key, userID: $0.value.userID)
        }
    }

    /// How those ended that have ended, in the order in which they did.
    package var outcomes: [Checkpoint.EndedOperation] {
        ended.compactMap { request in results[request].map { .init(request: request, result: $0) } }
    }

    package func inherit(_ records: [OperationRecord], _ results: [RequestID: CommandResult]) {
        for record in records { begin(Key(text: record.key, userID: record.userID), record.request) }
        for request in results.keys.sorted(by: { $0.number < $1.number }) {
            if let result = results[request] { end(request, result) }
        }
    }
}
