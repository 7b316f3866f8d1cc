package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// The log files of all apps and the pumps that fill them.
package final class LogTable {
    /// What happens to a log and is worth saying.
    package enum News {
        case trouble(SystemError)
        case recovered(path: String, LogLoss)
        case cannotRotate(path: String, SystemError)
        /// Files that were put aside cannot be looked through, compressed or removed.
        case cannotKeep(path: String, String)
    }

    /// Whose output a pipe has.
    package struct Source {
        package var id: WorkerID
        package var slot: Int
        package var generation: Generation
        package var stream: LogStream

        package init(id: WorkerID, slot: Int, generation: Generation, stream: LogStream) {
            self.id = id
            self.slot = slot
            self.generation = generation
            self.stream = stream
        }
    }

    private let loop: EventLoop
    private let folder: String
    private let noticed: (News) -> Void
    /// Standard output, in the foreground.
    private let console: LogConsole?
    /// What was put aside.
    let archive: LogArchive
    /// Made for the first pump and gone with the last.
    private var lookahead: PipeLookahead?
    private var receipt: LogReceipt?
    private let receiptPath: String?
    /// One for each path, so that workers that share a file write whole lines in turn.
    private var files: [String: LogFile] = [:]
    private var pumps: [ObjectIdentifier: LogPump] = [:]
    /// How many pumps fill each file; one that nobody fills is not kept open.
    private var users: [String: Int] = [:]
    private var pumpsOfWorkers: [WorkerID: [LogPump]] = [:]
    /// Those that were writing a line when an earlier koomyd was killed.
    private var cut: [LogPump] = []
    /// What was lost in files that are no longer open.
    private var losses: [String: LogLoss] = [:]
    /// What files have to say that nobody writes to, or that could not before koomyd was killed.
    private let debts: LogDebts
    private var debtCollector: TimerSource?
    private var debtPatience = shortestDebtPatience
    private var calendar: CalendarTable<String>?
    /// Waits, at the end, for the reader of standard output.
    private var farewell: TimerSource?

    /// - Parameters:
    ///   - loop: Where pipes are watched.
    ///   - folder: Where files are made whose place no app names.
    ///   - receiptPath: Where is written down how far lines are on their way; nil where no other koomyd follows.
    ///   - debtsPath: Where is written down what files have to say that they cannot yet; nil as before.
    ///   - console: Where everything goes instead of into files.
    ///   - noticed: Told of what is worth saying.
    package init(
        loop: EventLoop,
        folder: String,
        receiptPath: String? = nil,
        debtsPath: String? = nil,
        console: LogConsole? = nil,
        noticed: @escaping (News) -> Void = { _ in }
    ) {
        self.noticed = noticed
        self.loop = loop
        self.folder = folder
        self.receiptPath = receiptPath
        self.console = console
        archive = LogArchive(loop: loop) { noticed(.cannotKeep(path: $0, $1)) }
        debts = LogDebts(path: debtsPath)
        // Before any pipe: what a kill has left there belongs to one that comes now.
        openReceipt()
        collectDebts()
    }

    /// Room that a worker's pipe is to have, for a burst while koomyd does something else.
    package static let pipeCapacity: Int32 = 256 << 10

    /// Whether anybody can still write something, or something is not written yet.
    package var carries: Bool { !pumps.isEmpty }

    /// Whether everything goes to standard output.
    package var isForeground: Bool { console != nil }

    /// Where an app's lines go.
    package func places(_ spec: AppSpec) -> LogPlaces { LogPlaces(spec, folder: folder) }

    /// Begins to carry a stream of a worker, with what is in the pipe already.
    ///
    /// - Throws: Where that is not possible now; the pipe is as it was.
    package func attach(_ pipe: LogPipe, of source: Source, _ spec: AppSpec) throws(SystemError) {
        let sink = try sink(for: source, spec)
        let paths = console == nil ? sink.files.map(\.path) : []
        sink.admit(pipe)
        var key: ObjectIdentifier?
        let pump = try LogPump(loop: loop, pipe: pipe, sink: sink, lookahead: sharedLookahead()) { [weak self] in
            guard let self, let key, pumps.removeValue(forKey: key) != nil else { return }
            for path in paths { release(path) }
            if pumps.isEmpty { lookahead = nil }
        }
        key = ObjectIdentifier(pump)
        pumps[ObjectIdentifier(pump)] = pump
        for path in paths { users[path, default: 0] += 1 }
        pumpsOfWorkers[source.id, default: []].append(pump)
        if pipe.isMarked { cut.append(pump) }
    }

    /// Every worker of an earlier koomyd is attached: what it was at is finished first.
    package func resume() {
        // The line that a kill cut goes on before any other is written to its file.
        for pump in cut { pump.drain() }
        cut = []
    }

    /// A descriptor of a stream's file for a worker that writes to it itself.
    package func direct(_ stream: LogStream, slot: Int, _ spec: AppSpec) throws(SystemError) -> FileDescriptor {
        guard let place = places(spec).files(of: stream, slot: slot).first else { return try .nullDevice() }
        return try .appending(to: place.path, mode: spec.logs.mode, owner: try owner(spec.logs))
    }

    /// A worker's own process has ended: what it wrote is read now.
    package func drain(_ id: WorkerID) { for pump in pumpsOfWorkers[id] ?? [] { pump.drain() } }

    /// Nothing of a worker is left: nobody writes any more.
    package func detach(_ id: WorkerID) {
        for pump in pumpsOfWorkers.removeValue(forKey: id) ?? [] {
            pump.drain()
            pump.close()
        }
    }

    /// Calls back when nothing is on its way to standard output any more, or its reader takes nothing for a while; asked
    /// once more, at once.
    package func whenDelivered(_ done: @escaping () -> Void) {
        guard let console, !pumps.isEmpty, farewell == nil else { return done() }
        var taken = console.file.taken
        var deadline = MonotonicClock.now() + Self.longestFarewell
        farewell = try? loop.timer(at: MonotonicClock.now(), priority: .idle) { [weak self] in
            guard let self else { return }
            let now = MonotonicClock.now()
            if console.file.taken != taken { (taken, deadline) = (console.file.taken, now + Self.longestFarewell) }
            guard !pumps.isEmpty, now < deadline else { return done() }
            farewell?.arm(at: now + Self.farewellStep)
        }
        if farewell == nil { done() }
    }

    private static let longestFarewell = TimeSpan.seconds(2)
    private static let farewellStep = TimeSpan.milliseconds(10)

    // MARK: - What is asked for

    /// Opens every file again, after they were moved away.
    package func reopen() { for file in files.values { file.reopen() } }

    /// Puts the files of an app aside now; those that were.
    package func rotate(_ spec: AppSpec) throws(SystemError) -> [String] {
        try change(spec) { (file) throws(SystemError) in try file.rotate() }
    }

    /// Empties the files of an app; what was put aside stays.
    package func flush(_ spec: AppSpec) throws(SystemError) -> [String] {
        try change(spec) { (file) throws(SystemError) in try file.flush() }
    }

    private func change(
        _ spec: AppSpec,
        _ body: (LogFile) throws(SystemError) -> Void
    ) throws(SystemError) -> [String] {
        guard spec.logs.target == .file, console == nil else { return [] }
        var changed: [String] = []
        for place in places(spec).all {
            guard let facts = FileFacts(at: place.path), facts.isRegular, facts.size > 0 else { continue }
            let known = files[place.path]
            let file = if let known { known } else { try file(place.path, spec, .raw) }
            try body(file)
            changed.append(place.path)
            if users[place.path] == nil { close(place.path) }
        }
        return changed
    }

    // MARK: - What is known

    /// Why the files of an app cannot be written.
    package func trouble(_ spec: AppSpec) -> SystemError? {
        places(spec).all.compactMap { files[$0.path]?.trouble }.first
    }

    /// What of an app's lines is in no file.
    package func loss(_ spec: AppSpec) -> LogLoss {
        var sum = LogLoss()
        for place in places(spec).all {
            if let file = files[place.path] { sum += file.loss }
            if let earlier = losses[place.path] { sum += earlier }
        }
        return sum
    }

    // MARK: - Parts

    private func sink(for source: Source, _ spec: AppSpec) throws(SystemError) -> LogSink {
        let format =
            switch spec.logs.format {
            case .raw: LineFormat.raw
            case .stamped(let format): LineFormat.stamped(LogStamp(format))
            case .json:
                LineFormat.json(
                    JSONLines(
                        app: spec.name,
                        slot: source.slot,
                        generation: source.generation,
                        stream: source.stream
                    )
                )
            }
        if let console {
            return LogSink([console.file], format: format, prefix: console.prefix(source), whenFull: .block)
        }
        let places = places(spec).files(of: source.stream, slot: source.slot)
        let wanted = places.filter { $0.path != "/dev/null" }
        var files: [LogFile] = []
        for place in wanted.isEmpty ? places : wanted { files.append(try file(place.path, spec, format)) }
        return LogSink(
            files,
            format: format,
            whenFull: spec.logs.whenFull,
            receipt: receipt
        )
    }

    private func file(_ path: String, _ spec: AppSpec, _ format: LineFormat) throws(SystemError) -> LogFile {
        let owner = try owner(spec.logs)
        let file =
            files[path] ?? LogFile(path: path, debts: debts) { [weak self] file, news in self?.hear(news, of: file) }
        files[path] = file
        file.manner.mode = spec.logs.mode
        file.manner.owner = owner
        file.manner.rotation = spec.logs.rotation
        file.manner.format = format
        if let rotation = spec.logs.rotation {
            archive.note(spec.name, places(spec).all.map(\.path), rotation)
        } else {
            archive.forget(spec.name)
        }
        schedule(path, spec.logs.rotation?.schedule)
        return file
    }

    private func owner(_ spec: LogSpec) throws(SystemError) -> FileOwner? {
        guard spec.owner != nil || spec.group != nil else { return nil }
        let group = try spec.group.map { (name) throws(SystemError) in try Accounts.group(name) }
        guard let owner = spec.owner else {
            return FileOwner(userID: ThisProcess.userID, groupID: group ?? ThisProcess.groupID)
        }
        // A number may be nobody's, as those of containers are.
        if let number = UInt32(owner), try Accounts.user(number: number) == nil {
            return FileOwner(userID: number, groupID: group ?? ThisProcess.groupID)
        }
        let account = try Accounts.user(owner)
        return FileOwner(userID: account.userID, groupID: group ?? account.groupID)
    }

    private func hear(_ news: LogFile.News, of file: LogFile) {
        switch news {
        case .trouble(let error): noticed(.trouble(error))
        case .recovered(let loss): noticed(.recovered(path: file.path, loss))
        case .rotated: archive.tidySoon()
        case .cannotRotate(let error): noticed(.cannotRotate(path: file.path, error))
        }
    }

    private func schedule(_ path: String, _ schedule: CronSchedule?) {
        if calendar == nil, schedule != nil {
            calendar = try? CalendarTable(loop: loop) { [weak self] path in self?.rotateNow(path) }
        }
        try? calendar?.set(path, schedule)
    }

    private func rotateNow(_ path: String) {
        guard let file = files[path] else { return }
        do throws(SystemError) {
            try file.rotate()
        } catch {
            noticed(.cannotRotate(path: path, error))
        }
    }

    private func openReceipt() {
        guard let receiptPath, receipt == nil else { return }
        receipt = try? LogReceipt(path: receiptPath)
    }

    private func sharedLookahead() throws(SystemError) -> PipeLookahead {
        if let lookahead { return lookahead }
        openReceipt()
        let made = try PipeLookahead(capacity: Self.pipeCapacity)
        lookahead = made
        return made
    }

    private func release(_ path: String) {
        let left = (users[path] ?? 1) - 1
        users[path] = left > 0 ? left : nil
        if left <= 0 { close(path) }
    }

    private func close(_ path: String) {
        guard let file = files.removeValue(forKey: path) else { return }
        if file.loss.bytes > 0 { losses[path, default: LogLoss()] += file.loss }
        schedule(path, nil)
        collectDebts()
    }

    // MARK: - What files have to say that nobody writes to

    private static let shortestDebtPatience = TimeSpan.seconds(1)
    private static let longestDebtPatience = TimeSpan.seconds(10)

    /// Waits until the disk may take what they have to say.
    private func collectDebts() {
        guard debtCollector == nil, debts.paths.contains(where: isClosed) else { return }
        debtPatience = Self.shortestDebtPatience
        debtCollector = try? loop.timer(at: MonotonicClock.now() + debtPatience, priority: .idle) { [weak self] in
            self?.tellDebts()
        }
    }

    private func isClosed(_ path: String) -> Bool { files[path] == nil && FileFacts(at: path) != nil }

    private func tellDebts() {
        var isOwing = false
        for path in debts.paths where isClosed(path) {
            do throws(SystemError) {
                if let loss = try debts.tell(path) { noticed(.recovered(path: path, loss)) }
            } catch {
                isOwing = true
            }
        }
        // One that is not there any more says it when its app writes again.
        guard isOwing else { return debtCollector = nil }
        debtPatience = min(debtPatience * 2, Self.longestDebtPatience)
        debtCollector?.arm(at: MonotonicClock.now() + debtPatience)
    }
}
