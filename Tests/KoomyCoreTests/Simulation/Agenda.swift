import KoomyModel

/// What is going to happen, the earliest first and in the order of its entry: a binary heap.
struct Agenda<Item> {
    private var entries: [(at: Instant, order: UInt64, item: Item)] = []
    private var count: UInt64 = 0

    mutating func add(_ item: Item, at instant: Instant) {
        count += 1
        entries.append((instant, count, item))
        var child = entries.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (at: Instant, item: Item)? {
        guard let first = entries.first else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && precedes(child, least) {
                least = child
            }
            guard least != parent else { break }
            entries.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.item)
    }

    mutating func remove(where isObsolete: (Item) -> Bool) {
        let kept = entries.filter { !isObsolete($0.item) }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        // Sorted entries are a heap.
        entries = kept
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (entries[left].at, entries[left].order) < (entries[right].at, entries[right].order)
    }
}
