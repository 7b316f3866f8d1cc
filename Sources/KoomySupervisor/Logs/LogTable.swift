package import KoomyEventLoop
package import KoomyModel
package import KoomySystem

/// The log files of all apps and the pumps that fill them.
package final class LogTable {
    private let loop: EventLoop
    private let folder: String
    private let isForeground: Bool
    /// Made for the first pump and gone with the last.
    private var lookahead: PipeLookahead?
    /// One for each path, so that workers that share a file write whole lines in turn.
    private var files: [String: LogFile] = [:]
    private var pumps: [ObjectIdentifier: LogPump] = [:]
    /// How many pumps fill each file; one that nobody fills is not kept open.
    private var users: [String: Int] = [:]
    private var pumpsOfWorkers: [WorkerID: [LogPump]] = [:]

    private let noticed: (LogFile, SystemError?) -> Void

    /// - Parameters:
    ///   - loop: Where pipes are watched.
    ///   - folder: Where files are made whose place no app names.
    ///   - isForeground: Whether everything goes to standard output.
    ///   - noticed: Told when a file cannot be written, and with nil when it can again.
    package init(
        loop: EventLoop,
        folder: String,
        isForeground: Bool,
        noticed: @escaping (LogFile, SystemError?) -> Void = { _, _ in }
    ) {
        self.noticed = noticed
        self.loop = loop
        self.folder = folder
        self.isForeground = isForeground
    }

    /// Room that a worker's pipe is to have, for a burst while koomyd does something else.
    package static let pipeCapacity: Int32 = 256 << 10

    /// Whether anybody can still write something.
    package var carries: Bool { !pumps.isEmpty }

    /// The file that a stream goes to.
    package func path(_ spec: AppSpec, _ stream: LogStream) -> String {
        switch stream {
        case .out: spec.logs.outFile ?? "\(folder)/\(spec.name)-out.log"
        case .error: spec.logs.errorFile ?? "\(folder)/\(spec.name)-error.log"
        }
    }

    /// Begins to carry a stream of a worker, with what is in the pipe already.
    package func attach(
        _ pipe: consuming FileDescriptor,
        _ stream: LogStream,
        of id: WorkerID,
        slot: Int,
        _ spec: AppSpec
    ) throws(SystemError) {
        let stamp = spec.logs.format.dateFormat.map(LogStamp.init)
        let target: LogSink.Target =
            isForeground ? .console(prefix: Array("\(id.app):\(slot) | ".utf8)) : .file(file(path(spec, stream)))
        var key: ObjectIdentifier?
        var path: String?
        let pipe = LogPipe(pipe)
        if case .file(let file) = target {
            path = file.path
            file.admit(pipe)
        }
        let sink = LogSink(target, stamp: stamp)
        let pump = try LogPump(loop: loop, pipe: pipe, sink: sink, lookahead: sharedLookahead()) { [weak self, path] in
            guard let self, let key, pumps.removeValue(forKey: key) != nil else { return }
            if let path { release(path) }
            if pumps.isEmpty { lookahead = nil }
        }
        key = ObjectIdentifier(pump)
        pumps[ObjectIdentifier(pump)] = pump
        if let path { users[path, default: 0] += 1 }
        pumpsOfWorkers[id, default: []].append(pump)
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

    /// Opens every file again, after they were moved away.
    package func reopen() { for file in files.values { file.reopen() } }

    private func sharedLookahead() throws(SystemError) -> PipeLookahead {
        if let lookahead { return lookahead }
        let made = try PipeLookahead(capacity: Self.pipeCapacity)
        lookahead = made
        return made
    }

    private func release(_ path: String) {
        let left = (users[path] ?? 1) - 1
        users[path] = left > 0 ? left : nil
        if left <= 0 { files[path] = nil }
    }

    private func file(_ path: String) -> LogFile {
        if let file = files[path] { return file }
        let file = LogFile(path: path, noticed: noticed)
        files[path] = file
        return file
    }
}
