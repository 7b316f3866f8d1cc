package import KoomyModel

/// One look at the open connections of several process trees: those that they accepted, not those that they made.
///
/// It goes on in small steps for as long as it is given time, so that ten thousand connections hold nobody up.
package final class ConnectionCensus {
    /// A tree, and where it accepts: a connection belongs to a listener by its local port or path, which no connection
    /// that was made from here can have (connect(2) never chooses a port that something is bound to).
    package struct Subject {
        package var mark: TreeMark
        package var addresses: Set<LocalAddress>

        package init(mark: TreeMark, addresses: Set<LocalAddress>) {
            self.mark = mark
            self.addresses = addresses
        }
    }

    /// More than this is not kept: the subjects are then unknown.
    private static let mostSockets = 500_000

    private let subjects: [Subject]
    private let otherRoots: Set<ProcessID>
    private let wanted: Set<LocalAddress>
    /// The connections of the listeners, whoever has them.
    private var accepted: [UInt64: LocalAddress] = [:]
    /// Listeners that have any.
    private var used: Set<LocalAddress> = []
    private var lists: [SocketList.Family] = []
    private var list = Current<SocketList>()
    private var hasTrees = false
    /// The processes that are still to be looked into, the last first.
    private var pending: [(subject: Int, pid: ProcessID)] = []
    private var holder = Current<SocketHolder>()

    /// The inodes of the open connections of each subject; nil where they cannot be known.
    package private(set) var found: [Set<UInt64>?]

    /// - Parameters:
    ///   - subjects: The trees; one without an address is unknown.
    ///   - otherRoots: Roots of further trees, which need not be looked into for orphans.
    package init(_ subjects: [Subject], otherRoots: Set<ProcessID>) {
        self.subjects = subjects
        self.otherRoots = otherRoots
        wanted = subjects.reduce(into: []) { $0.formUnion($1.addresses) }
        found = subjects.map { $0.addresses.isEmpty ? nil : [] }
        if wanted.contains(where: \.isPort) { lists += [.internet6, .internet4] }
        if wanted.contains(where: { !$0.isPort }) { lists.append(.unix) }
    }

    /// Goes on until it is done, or until the first step after this time.
    ///
    /// - Returns: Whether it is done.
    package func proceed(until end: Instant) -> Bool {
        repeat {
            guard step() else { return true }
        } while MonotonicClock.now() < end
        return false
    }

    /// A step of a millisecond at most, or for the trees 13 microseconds a process of the host; false where nothing is left to do.
    private func step() -> Bool {
        if list.isSet || !lists.isEmpty { readList() } else if !hasTrees { findTrees() } else { return readProcess() }
        return true
    }

    private func readList() {
        do throws(SystemError) {
            if !list.isSet, let family = lists.last { list.set(try SocketList(family, .connected)) }
            let isOver = try list.use { (list) throws(SystemError) in
                try list.next { inode, address in
                    guard wanted.contains(address) else { return }
                    accepted[inode] = address
                    used.insert(address)
                }
            }
            guard isOver != false || accepted.count > Self.mostSockets else { return }
            if accepted.count > Self.mostSockets { giveUp { _ in true } }
            endList()
        } catch {
            let isUnix = lists.last == .unix
            giveUp { $0.isPort != isUnix }
            endList()
        }
    }

    private func endList() {
        list.clear()
        _ = lists.popLast()
    }

    /// Every subject that accepts at such an address is unknown.
    private func giveUp(_ isConcerned: (LocalAddress) -> Bool) {
        for index in subjects.indices where subjects[index].addresses.contains(where: isConcerned) {
            found[index] = nil
        }
    }

    private func findTrees() {
        hasTrees = true
        let open = subjects.indices.filter { found[$0] != nil && !used.isDisjoint(with: subjects[$0].addresses) }
        guard !open.isEmpty else { return }
        let trees = ProcessSnapshot.take().trees(of: open.map { subjects[$0].mark }, otherRoots: otherRoots)
        for (index, tree) in zip(open, trees) { pending += tree.map { (index, $0.pid) } }
    }

    private func readProcess() -> Bool {
        guard let (index, pid) = pending.last else { return false }
        do throws(SystemError) {
            if !holder.isSet {
                guard let next = try SocketHolder(pid) else {
                    pending.removeLast()
                    return true
                }
                holder.set(next)
            }
            let addresses = subjects[index].addresses
            let isOver = try holder.use { (holder) throws(SystemError) in
                try holder.next { inode in
                    if let address = accepted[inode], addresses.contains(address) { found[index]?.insert(inode) }
                }
            }
            guard isOver != false else { return true }
        } catch {
            found[index] = nil
        }
        holder.clear()
        pending.removeLast()
        return true
    }
}

extension LocalAddress {
    fileprivate var isPort: Bool {
        switch self {
        case .port: true
        case .path: false
        }
    }
}

/// What a census reads just now, if anything.
private struct Current<Value: ~Copyable>: ~Copyable {
    private var value: Value?

    init() { value = nil }

    var isSet: Bool { value != nil }

    mutating func set(_ value: consuming Value) { self.value = consume value }

    mutating func clear() { value = nil }

    /// nil where there is nothing.
    mutating func use<Result>(_ body: (borrowing Value) throws(SystemError) -> Result) throws(SystemError) -> Result? {
        guard let taken = value.take() else { return nil }
        let outcome: Swift.Result<Result, SystemError>
        do throws(SystemError) {
            outcome = .success(try body(taken))
        } catch {
            outcome = .failure(error)
        }
        value = consume taken
        return try outcome.get()
    }
}
