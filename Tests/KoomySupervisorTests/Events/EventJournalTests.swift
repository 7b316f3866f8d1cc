import KoomyWire
import Testing

@testable import KoomySupervisor

struct EventJournalTests {
    private func append(_ count: Int, to journal: EventJournal) {
        for _ in 0..<count {
            journal.append { EventView(seq: $0, at: 0, type: EventType.appState.rawValue, message: "\($0)") }
        }
    }

    @Test func `events are numbered from 1 without a gap`() {
        let journal = EventJournal()
        append(5, to: journal)
        #expect(journal.events(since: 0).map(\.seq) == [1, 2, 3, 4, 5])
        #expect(journal.events(since: 0).map(\.message) == ["1", "2", "3", "4", "5"])
    }

    @Test func `who has seen some gets the others`() {
        let journal = EventJournal()
        append(5, to: journal)
        #expect(journal.events(since: 3).map(\.seq) == [4, 5])
        #expect(journal.events(since: 5).isEmpty)
        #expect(journal.events(since: .max).isEmpty)
    }

    @Test func `an empty journal has nothing`() { #expect(EventJournal().events(since: 0).isEmpty) }

    @Test(arguments: [1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 3_072, 5_000])
    func `the oldest are forgotten first, the numbers go on`(_ count: Int) {
        let journal = EventJournal()
        append(count, to: journal)
        let first = max(1, count - EventJournal.capacity + 1)
        #expect(journal.events(since: 0).map(\.seq) == (first...count).map { UInt64($0) })
        #expect(journal.events(since: UInt64(count) - 1).map(\.seq) == [UInt64(count)])
    }

    @Test func `a follower gets each event once, when it can be asked for already`() {
        let journal = EventJournal()
        append(2, to: journal)
        var seen: [UInt64] = []
        journal.follower = { [unowned journal] event in
            seen.append(event.seq)
            #expect(journal.events(since: event.seq - 1) == [event])
        }
        append(3, to: journal)
        #expect(seen == [3, 4, 5])
        journal.follower = nil
        append(1, to: journal)
        #expect(seen == [3, 4, 5])
    }

    @Test func `a follower may add an event of its own`() {
        let journal = EventJournal()
        var seen: [UInt64] = []
        journal.follower = { [unowned journal] event in
            seen.append(event.seq)
            if event.seq == 1 { journal.append { EventView(seq: $0, at: 0, type: "x") } }
        }
        append(2, to: journal)
        #expect(seen == [1, 2, 3])
        #expect(journal.events(since: 0).map(\.seq) == [1, 2, 3])
    }
}
