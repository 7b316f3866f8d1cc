package import KoomyModel
package import KoomySystem

/// The listening sockets of all apps, open as long as a generation needs them.
///
/// A socket is shared by every generation that asks for the same address with the same options, so that nothing that
/// is queued on it is lost when one follows the other.
package final class ListenerTable {
    /// What makes two listeners the same socket.
    private struct Key: Hashable {
        var app: AppName
        var address: ListenAddress
        /// The slot, for a socket that each slot has of its own.
        var slot: Int?

        init(_ app: AppName, _ address: ListenAddress, slot: Int?) {
            self.app = app
            self.address = address
            self.slot = slot
        }

        init(_ app: AppName, _ spec: ListenerSpec, slot: Int?) { self.init(app, spec.address, slot: slot) }

        /// The name under which its socket is kept; a store tells sockets of one name apart by themselves.
        var keptName: String { "listener.\(app).\(slot.map { "\($0)" } ?? "shared")" }
    }

    private final class Entry {
        let socket: ListeningSocket
        var spec: ListenerSpec
        var generations: Set<Generation> = []
        /// Whether it has been told that a worker changed O_NONBLOCK.
        var changeWasTold = false
        /// O_NONBLOCK as it was written down, of a socket that systemd passed.
        var noted: Bool?

        init(_ socket: consuming ListeningSocket, _ spec: ListenerSpec) {
            self.socket = socket
            self.spec = spec
        }
    }

    private var entries: [Key: Entry] = [:]
    private var specs: [AppName: [Generation: [ListenerSpec]]] = [:]
    /// Sockets of an earlier koomyd that nothing has asked for yet.
    ///
    /// By their numbers, which are ours to close: taking one back must not need another, as a copy would.
    private var inherited: [Key: Int32] = [:]
    /// Sockets that systemd opened.
    package let activated: ActivatedSockets
    private let store: DescriptorStore?
    private let recorded: (ListenerRecord) -> Void
    private let opened: (AppName, String) -> Void
    private let closed: (AppName, String) -> Void
    private let noticed: (AppName, String) -> Void

    /// - Parameters:
    ///   - opened: Told of each socket that is opened, with what is not as it was asked for.
    ///   - closed: Told of each socket that is closed.
    ///   - noticed: Told of what a worker did to a socket.
    ///   - activated: Sockets that systemd opened, for whoever listens where they do.
    ///   - store: Where copies of the sockets outlive us.
    ///   - recorded: Takes what a later koomyd has to know of a socket.
    package init(
        opened: @escaping (AppName, String) -> Void,
        closed: @escaping (AppName, String) -> Void,
        noticed: @escaping (AppName, String) -> Void = { _, _ in },
        activated: ActivatedSockets = ActivatedSockets(),
        store: DescriptorStore? = nil,
        recorded: @escaping (ListenerRecord) -> Void = { _ in }
    ) {
        self.activated = activated
        self.store = store
        self.recorded = recorded
        self.noticed = noticed
        self.opened = opened
        self.closed = closed
    }

    /// Opens what a generation needs and is not open yet; where one fails, none of them stays.
    package func open(_ app: AppName, _ generation: Generation, _ wanted: [ListenerSpec]) throws(SystemError) {
        var opened: [Key] = []
        do throws(SystemError) {
            for spec in wanted {
                let key = Key(app, spec, slot: spec.reusePort ? 0 : nil)
                guard entries[key] == nil else { continue }
                entries[key] = Entry(try openSocket(key, spec), spec)
                opened.append(key)
            }
            // Only now: what is open already serves, and is changed when nothing else can fail.
            for spec in wanted {
                if let entry = entries[Key(app, spec, slot: spec.reusePort ? 0 : nil)] { try change(entry, to: spec) }
            }
        } catch {
            for key in opened { close(key) }
            throw error
        }
        for spec in wanted {
            entries[Key(app, spec, slot: spec.reusePort ? 0 : nil)]?.generations.insert(generation)
        }
        specs[app, default: [:]][generation] = wanted
    }

    /// Closes what only this generation needed.
    package func close(_ app: AppName, _ generation: Generation) {
        specs[app]?[generation] = nil
        if specs[app]?.isEmpty == true { specs[app] = nil }
        for (key, entry) in entries where key.app == app {
            entry.generations.remove(generation)
            if entry.generations.isEmpty { close(key) }
        }
    }

    /// Closes the sockets that only this slot had; what was queued on them is refused, and new connections go to others.
    package func closeSlot(_ app: AppName, _ slot: Int) {
        for key in entries.keys where key.app == app && key.slot == slot { close(key) }
    }

    /// The descriptors of a generation's listeners for a worker of a slot, in the file's order.
    package func descriptors(
        _ app: AppName,
        _ generation: Generation,
        slot: Int
    ) throws(SystemError) -> [(name: String, descriptor: Int32)] {
        var found: [(name: String, descriptor: Int32)] = []
        // Without them a worker would start and serve nobody.
        guard let wanted = specs[app]?[generation] else {
            throw SystemError("pass the listeners", .noSuchFile, subject: "\(app)", hint: "they are not open")
        }
        for spec in wanted {
            let key = Key(app, spec, slot: spec.reusePort ? slot : nil)
            // A slot's own socket is opened for its first worker and stays for those that follow.
            let entry = if let open = entries[key] { open } else { Entry(try openSocket(key, spec), spec) }
            entry.generations.insert(generation)
            entries[key] = entry
            checkFlag(app, entry)
            found.append((spec.name, entry.socket.descriptor.number))
        }
        return found
    }

    /// The socket inodes of a generation's listeners, by which a worker is seen to wait on them.
    package func inodes(_ app: AppName, _ generation: Generation) -> Set<UInt64> {
        var inodes: Set<UInt64> = []
        for (key, entry) in entries where key.app == app && entry.generations.contains(generation) {
            if let inode = FileIdentity(of: entry.socket.descriptor.number)?.inode { inodes.insert(inode) }
        }
        return inodes
    }

    /// How many connections wait to be accepted on each TCP socket of an app.
    package func queueLengths(_ app: AppName) -> [Int] {
        entries.filter { $0.key.app == app }.compactMap { $0.value.socket.queueLength }
    }

    /// Where an app listens, by name.
    package func addresses(_ app: AppName, _ generation: Generation) -> [(name: String, address: ListenAddress)] {
        (specs[app]?[generation] ?? []).map { spec in
            let entry = entries[Key(app, spec, slot: spec.reusePort ? 0 : nil)]
            return (spec.name, entry?.socket.address ?? spec.address)
        }
    }

    /// Gives sockets the O_NONBLOCK that their listener promises, where no worker relies on what another one set.
    package func restoreFlags(_ app: AppName, _ generation: Generation) {
        for (key, entry) in entries where key.app == app && entry.generations == [generation] {
            try? entry.socket.descriptor.setNonblocking(entry.spec.nonblocking)
        }
    }

    /// O_NONBLOCK belongs to the open socket: a worker that sets it sets it for all, and it cannot be taken back from
    /// those that rely on it (open(2), "open file description").
    private func checkFlag(_ app: AppName, _ entry: Entry) {
        guard !entry.changeWasTold, let now = entry.socket.descriptor.isNonblocking, now != entry.spec.nonblocking
        else {
            return
        }
        entry.changeWasTold = true
        noticed(
            app,
            "a worker has made \(entry.socket.address) \(now ? "non" : "")blocking for all workers; "
                + "`nonblocking: \(now)` in the file says that this is meant"
        )
    }

    /// Takes over a socket of an earlier koomyd: whoever asks for that address next gets it, with what is queued on it.
    package func inherit(_ record: ListenerRecord, _ descriptor: consuming FileDescriptor) {
        if activated.wereReset, activated.contains(descriptor.number), let flag = record.nonblocking {
            try? descriptor.setNonblocking(flag)
        }
        let key = Key(record.app, record.address, slot: record.slot)
        if let other = inherited.updateValue(descriptor.release(), forKey: key) { _ = FileDescriptor(owning: other) }
    }

    /// Writes down O_NONBLOCK of the sockets that systemd passed, as workers have set it: with each start of koomyd
    /// systemd sets it anew (NonBlocking= of systemd.exec(5)), and the workers that live rely on what it was.
    package func noteFlags() {
        guard !activated.isEmpty else { return }
        for (key, entry) in entries where activated.contains(entry.socket.descriptor.number) {
            let now = entry.socket.descriptor.isNonblocking
            guard now != entry.noted else { continue }
            entry.noted = now
            if let record = record(key, entry.socket.descriptor.number) { recorded(record) }
        }
    }

    /// Closes what nothing has asked for.
    package func disinherit() {
        for key in inherited.keys where !entries.keys.contains(where: { $0.keptName == key.keptName }) {
            store?.drop(key.keptName)
        }
        for number in inherited.values { _ = FileDescriptor(owning: number) }
        inherited = [:]
    }

    /// The names under which the sockets are kept.
    package var keptNames: Set<String> { Set(entries.keys.map(\.keptName)) }

    /// What a later koomyd has to know of the sockets that are open.
    package var records: [ListenerRecord] { entries.compactMap { record($0.key, $0.value.socket.descriptor.number) } }

    private func record(_ key: Key, _ descriptor: Int32) -> ListenerRecord? {
        FileIdentity(of: descriptor).map {
            var record = ListenerRecord(app: key.app, address: key.address, slot: key.slot, socket: $0)
            if activated.contains(descriptor) { record.nonblocking = entries[key]?.socket.descriptor.isNonblocking }
            return record
        }
    }

    private func openSocket(_ key: Key, _ spec: ListenerSpec) throws(SystemError) -> ListeningSocket {
        if let kept = inherited.removeValue(forKey: key),
            let socket = try? ListeningSocket.adopt(FileDescriptor(owning: kept))
        {
            // A worker may have changed O_NONBLOCK and rely on it; that is noticed when the next one starts.
            hold(key, socket.descriptor.number)
            return socket
        }
        if let given = activated.descriptor(at: spec.address, notOf: heldSockets) {
            let socket = try ListeningSocket.adopt(given)
            try socket.apply(spec)
            try socket.descriptor.setNonblocking(spec.nonblocking)
            hold(key, socket.descriptor.number)
            opened(key.app, "listening on \(socket.address), a socket that systemd passed")
            return socket
        }
        let socket = try ListeningSocket.open(spec)
        try socket.descriptor.setNonblocking(spec.nonblocking)
        hold(key, socket.descriptor.number)
        opened(key.app, "listening on \(socket.address)" + (socket.warning.map { ": \($0)" } ?? ""))
        return socket
    }

    /// Sees to it that a later koomyd gets a socket; systemd's own come by themselves.
    private func hold(_ key: Key, _ descriptor: Int32) {
        if !activated.contains(descriptor) { store?.keep(key.keptName, [descriptor]) }
        if let record = record(key, descriptor) { recorded(record) }
    }

    private var heldSockets: Set<FileIdentity> { Set(records.map(\.socket)) }

    /// Sockets that systemd passed, and that no app listens on.
    package var unwanted: [String] { activated.names(notOf: heldSockets) }

    /// Changes what can be changed on an open socket.
    private func change(_ entry: Entry, to spec: ListenerSpec) throws(SystemError) {
        guard entry.spec != spec else { return }
        try entry.socket.apply(spec)
        entry.spec = spec
    }

    private func close(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        keepOthers(than: key)
        // The file of a socket that systemd listens on is systemd's.
        if !activated.contains(entry.socket.descriptor.number) { entry.socket.removeFile() }
        closed(key.app, "no longer listening on \(entry.socket.address)")
    }

    /// A store forgets by name: the other sockets of that name are given to it again.
    private func keepOthers(than closed: Key) {
        store?.drop(closed.keptName)
        for (key, entry) in entries where key.keptName == closed.keptName {
            let number = entry.socket.descriptor.number
            if !activated.contains(number) { store?.keep(key.keptName, [number]) }
        }
    }
}
