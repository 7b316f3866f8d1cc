import KoomyModel
import KoomyWire
import Testing

@testable import KoomySupervisor

struct OperationTableTests {
    private let table = OperationTable()
    private let key = OperationTable.Key(text: "k", userID: 1_000)
    private let done = CommandResult(.done, message: "done")

    private func result(of key: OperationTable.Key) -> CommandResult? {
        guard case .ended(let result)? = table.standing(key) else { return nil }
        return result
    }

    @Test func `a command is new, then under way, then over`() {
        #expect(table.standing(key) == nil)
        table.begin(key, RequestID(1))
        guard case .running(RequestID(1))? = table.standing(key) else {
            Issue.record("it is not under way")
            return
        }
        table.end(RequestID(1), done)
        #expect(result(of: key) == done)
        // What is said first holds.
        table.end(RequestID(1), CommandResult(.aborted, message: "late"))
        #expect(result(of: key) == done)
    }

    @Test func `the key of another user is another key`() {
        table.begin(key, RequestID(1))
        #expect(table.standing(.init(text: "k", userID: 0)) == nil)
    }

    @Test func `what has no key is not remembered`() {
        table.end(RequestID(9), done)
        #expect(!table.isKnown(RequestID(9)) && table.outcomes.isEmpty)
    }

    @Test func `the oldest results are forgotten, and nothing that is under way`() {
        table.begin(key, RequestID(1))
        for number in 2...UInt64(OperationTable.capacity + 11) {
            table.begin(.init(text: "\(number)", userID: 0), RequestID(number))
            table.end(RequestID(number), done)
        }
        #expect(table.standing(key) != nil)
        #expect(table.outcomes.count == OperationTable.capacity)
        #expect(table.standing(.init(text: "2", userID: 0)) == nil)
        #expect(table.records.count == OperationTable.capacity + 1)
    }

    @Test func `another table takes all of it over`() {
        table.begin(key, RequestID(1))
        table.begin(.init(text: "l", userID: 0), RequestID(2))
        table.end(RequestID(2), done)
        let next = OperationTable()
        let results = Dictionary(uniqueKeysWithValues: table.outcomes.map { ($0.request, $0.result) })
        next.inherit(table.records, results)
        #expect(next.records == table.records && next.outcomes.map(\.request) == [RequestID(2)])
    }
}
