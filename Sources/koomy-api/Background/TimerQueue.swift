import KoomyWorker

/// Events that are due at some time, earliest first: a binary heap.
///
/// Nothing is taken out early: an event names what it is about, and one that came too late is ignored.
struct TimerQueue<Event> {
    private var heap: [(deadline: MonotonicTime, event: Event)] = []

    /// The earliest deadline.
    var nextDeadline: MonotonicTime? { heap.first?.deadline }

    mutating func add(_ event: Event, at deadline: MonotonicTime) {
        heap.append((deadline, event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the first event if it is due.
    mutating func next(at now: MonotonicTime) -> Event? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.event }
        heap[0] = last
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
            guard let child = children.min(by: { heap[$0].deadline < heap[$1].deadline }),
                heap[child].deadline < heap[parent].deadline
            else { return first.event }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
