package import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// Where copies of descriptors live beyond koomyd's death, under names.
///
/// What is kept stays open here too: only its number is remembered, so that a keeper that was killed can be given
/// everything again. Nothing here waits, but `open` for an answer of the keeper and `end` for a moment.
package final class DescriptorStore {
    package enum Kind {
        /// systemd's, with everything that it passed to us at the start.
        case systemd(passed: [PassedDescriptor])
        /// A process of our own that does nothing else; `executable` is a koomyd.
        case keeper(socketPath: String, executable: String = "/proc/self/exe")
        /// Nothing is kept.
        case none
    }

    /// What `doctor` tells.
    package struct Status: Hashable, Sendable {
        /// `systemd`, `keeper` or `none`.
        package var kind: String
        package var names: Int
        /// Descriptors that are to be kept.
        package var count: Int
        /// Orders that are not carried out yet.
        package var pending: Int
        /// How often something could not be kept, or a keeper was lost, since koomyd started.
        package var failures: Int
        package var lastFailure: String?
        /// Whether what is to be kept is kept, as far as can be told.
        package var isWell: Bool
        /// The keeper's process, where that is the kind and it runs.
        package var keeper: ProcessID?
    }

    /// What lasts, and is told once.
    private enum Trouble {
        /// There is no keeper.
        case lost
        /// The keeper has no room.
        case full
    }

    private let kind: String
    private var place: (any DescriptorPlace)?
    private var link: KeeperLink?
    private var stored: [String: [StoredDescriptor]] = [:]
    private var kept: [KeptDescriptor] = []
    private var orders: [StoreOrder] = []
    private var retry: TimerSource?
    private var repair: TimerSource?
    private var failures = 0
    private var lastFailure: String?
    private var trouble: Trouble?
    private var wasRefused = false
    private let noticed: (String) -> Void

    /// How long an order that found no room waits.
    static let retryPeriod = TimeSpan.milliseconds(10)
    /// How long after a refusal everything is given to the keeper again.
    static let repairPeriod = TimeSpan.seconds(30)

    /// Whether a descriptor that systemd passed was stored by a koomyd, and is no socket that systemd opened.
    package static func isNameOfOurs(_ name: String) -> Bool { ServicePlace.isShortName(name) }

    /// Opens the store and takes what is kept from before.
    ///
    /// `noticed` is told once of each trouble, and when it is over, from the loop. Throws only where that has no room.
    package static func open(
        _ kind: Kind,
        loop: EventLoop,
        noticed: @escaping (String) -> Void = { _ in }
    ) throws(SystemError) -> DescriptorStore {
        let store: DescriptorStore
        switch kind {
        case .systemd(let passed):
            store = DescriptorStore("systemd", loop, noticed)
            store.place = ServicePlace()
            for one in passed where isNameOfOurs(one.name) { store.take(one.name, one.descriptor) }
        case .keeper(let path, let executable):
            store = DescriptorStore("keeper", loop, noticed)
            let link = try KeeperLink(path: path, executable: executable, loop: loop) { [weak store] in
                store?.handle($0)
            }
            store.link = link
            store.place = link
            for (name, descriptor) in link.open() { store.take(name, descriptor) }
        case .none:
            store = DescriptorStore("none", loop, noticed)
        }
        store.retry = try loop.timer { [weak store] in store?.flush() }
        store.repair = try loop.timer(accuracy: .seconds(1)) { [weak store] in store?.tryAgain() }
        // What came while there were no timers yet.
        store.flush()
        return store
    }

    private init(_ kind: String, _ loop: EventLoop, _ noticed: @escaping (String) -> Void) {
        self.kind = kind
        // Not while an order is being carried out: whoever is told may give another.
        self.noticed = { text in loop.post { noticed(text) } }
    }

    // MARK: - What there is to do

    /// What an earlier koomyd had kept, once; a second call finds nothing.
    ///
    /// It stays kept. Whoever has one of them open under another number already keeps that one again and closes this;
    /// whoever wants none of a name drops it.
    package func takeKept() -> [KeptDescriptor] {
        defer { kept = [] }
        return kept
    }

    /// Keeps copies of these under a name, with those that are kept under it already.
    ///
    /// What is there already is not kept twice. They stay open here until the name is dropped; of a pipe only read ends
    /// are kept, because a write end would hide that its writers are gone.
    package func keep(_ name: String, _ descriptors: [Int32]) {
        guard let place else { return }
        guard ServiceNotifier.isDescriptorName(name) else {
            fail("\"\(name)\" cannot be the name of kept descriptors")
            return
        }
        let name = place.nameThere(name)
        var fresh: [StoredDescriptor] = []
        for number in descriptors {
            guard let descriptor = StoredDescriptor(number) else {
                fail("\(name): descriptor \(number) is not open")
                continue
            }
            if let index = stored[name]?.firstIndex(where: { $0.isSame(as: descriptor) }) {
                stored[name]?[index] = descriptor
            } else {
                stored[name, default: []].append(descriptor)
                fresh.append(descriptor)
            }
        }
        orders += StoreOrder.keeping(name, fresh)
        flush()
    }

    /// Has what is kept under a name closed.
    package func drop(_ name: String) {
        guard let place else { return }
        let name = place.nameThere(name)
        stored[name] = nil
        orders.removeAll { $0.name == name }
        orders.append(.drop(name))
        flush()
    }

    /// koomyd leaves for good: nothing is kept any more, and a keeper ends.
    package func end() {
        retry = nil
        repair = nil
        orders = []
        kept = []
        place?.end(Array(stored.keys))
        stored = [:]
        place = nil
    }

    /// The names under which something is to be kept.
    package var names: [String] { Array(stored.keys) }

    /// The keeper, where one runs; it may be a child of this process.
    package var keeperProcess: ProcessID? { link?.keeper }

    package var status: Status {
        Status(
            kind: kind,
            names: stored.count,
            count: stored.values.reduce(0) { $0 + $1.count },
            pending: orders.count,
            failures: failures,
            lastFailure: lastFailure,
            isWell: place != nil && trouble == nil && link?.isConnected != false,
            keeper: link?.keeper
        )
    }

    // MARK: - Doing it

    /// Carries out what waits, in its order, as far as that goes now.
    private func flush() {
        guard let place else { return }
        var done = 0
        defer { orders.removeFirst(done) }
        while done < orders.count {
            do throws(SystemError) {
                guard try place.carryOut(orders[done].withWhatIsOpen) else {
                    // A link that is down gives everything again when it is up.
                    if link?.isConnected != false { retry?.arm(at: MonotonicClock.now() + Self.retryPeriod) }
                    return
                }
            } catch {
                fail("\(error)")
            }
            done += 1
        }
    }

    /// A keeper that has none of it, or not all, gets it; what it has it does not take twice.
    private func giveEverything() {
        orders = orders.filter { if case .drop = $0 { true } else { false } }
        for (name, descriptors) in stored { orders += StoreOrder.keeping(name, descriptors) }
        flush()
    }

    private func handle(_ event: KeeperLink.Event) {
        switch event {
        case .connected: giveEverything()
        case .answered:
            if trouble == .lost { recover("there is a keeper of the descriptors again, and it has everything") }
        case .lost(let why): fail(why, .lost)
        case .refused(let name):
            fail("the keeper has no room for the descriptors of \(name.isEmpty ? "a message" : name)", .full)
            wasRefused = true
            if repair?.isArmed != true { repair?.arm(at: MonotonicClock.now() + Self.repairPeriod) }
        }
    }

    /// After a refusal, until a round passes without one.
    private func tryAgain() {
        guard wasRefused else {
            if trouble == .full { recover("the keeper of the descriptors has room for everything again") }
            return
        }
        wasRefused = false
        giveEverything()
        repair?.arm(at: MonotonicClock.now() + Self.repairPeriod)
    }

    private func fail(_ text: String, _ kind: Trouble? = nil) {
        failures += 1
        let isKnown = kind.map { $0 == trouble } ?? (text == lastFailure)
        lastFailure = text
        trouble = kind ?? trouble
        if !isKnown { noticed(text) }
    }

    private func recover(_ text: String) {
        trouble = nil
        noticed(text)
    }

    // MARK: - From before

    private func take(_ name: String, _ descriptor: SharedDescriptor) {
        guard let known = StoredDescriptor(descriptor.number),
            stored[name]?.contains(where: { $0.isSame(as: known) }) != true
        else { return }
        stored[name, default: []].append(known)
        kept.append(KeptDescriptor(name: name, descriptor: descriptor, identity: known.identity))
    }
}

extension StoreOrder {
    /// Without what was closed since the order was given: its number may be another's by now.
    fileprivate var withWhatIsOpen: StoreOrder {
        switch self {
        case .keep(let name, let descriptors): .keep(name, descriptors.filter(\.isOpen))
        case .drop: self
        }
    }
}
