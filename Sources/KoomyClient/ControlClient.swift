import KoomyModel
import KoomySystem
@_exported public import KoomyWire

/// Talks to koomyd over its control socket; every call makes one connection and waits for the answer.
///
/// ```swift
/// let client = ControlClient(socketPath: "/run/koomy/control.sock")
/// for app in try client.status().apps { print(app.name, app.state) }
/// ```
public struct ControlClient: Sendable {
    /// Where koomyd listens.
    public var socketPath: String
    /// How long a daemon may take to accept the connection.
    public var connectTimeout = Duration.seconds(5)
    /// How long a daemon may take to begin its answer; it does so before it has done what a command asks for.
    public var answerTimeout = Duration.seconds(20)
    /// How long a whole call may take; nil for as long as it takes.
    public var timeout: Duration?
    /// How long a socket that refuses, because its koomyd has died, is tried again until it is said that there is none.
    public var contactPatience = Duration.seconds(3)
    /// How long a daemon that goes away in the middle of a command, or of events that are followed, may be away.
    public var returnPatience = Duration.seconds(30)

    /// A client for the daemon that listens at this path; nothing is opened before a call.
    public init(socketPath: String) { self.socketPath = socketPath }

    /// The daemon and all its apps.
    ///
    /// - Throws: Why there is no answer, or what it says instead.
    public func status() throws(ClientError) -> StatusView {
        try Self.decode(get("/v1/status"))
    }

    /// One app, with what is wanted of it in full.
    ///
    /// - Parameter name: Its name, without a slot.
    /// - Returns: The app with its `spec`.
    /// - Throws: `ClientError.refused` where no app has that name; why there is no answer.
    public func app(_ name: String) throws(ClientError) -> AppView {
        try Self.decode(get(path(ofApp: name)))
    }

    /// What replaced an app's workers, the newest first.
    ///
    /// - Parameter name: Its name, without a slot.
    /// - Returns: As much as the daemon remembers.
    /// - Throws: `ClientError.refused` where no app has that name; why there is no answer.
    public func deployments(of name: String) throws(ClientError) -> DeploymentsView {
        try Self.decode(get("\(path(ofApp: name))/deployments"))
    }

    /// What is not as it should be.
    ///
    /// - Throws: Why there is no answer.
    public func doctor() throws(ClientError) -> DoctorView {
        try Self.decode(get("/v1/doctor"))
    }

    /// Asks for a change and waits until it is done or has failed.
    ///
    /// Where the daemon goes away meanwhile, it is asked again with the same key when it is back, which does nothing
    /// twice. A client that goes away does not take back what it asked for.
    /// - Parameters:
    ///   - command: What is asked for.
    ///   - key: Names this one wish; another client that sends the same key waits for the same.
    ///   - onProgress: Told what happens meanwhile.
    ///   - onAway: Told once that the daemon is away, and is waited for.
    /// - Returns: How it ended; a failure is a result too.
    /// - Throws: `ClientError.refused` where it was not begun; why the result is not known.
    public func command(
        _ command: ControlCommand,
        key: IdempotencyKey = .random(),
        onProgress: (CommandProgress) -> Void = { _ in },
        onAway: () -> Void = {}
    ) throws(ClientError) -> CommandResult {
        try run(command, key: key, onAway: onAway) { message, _ in
            if case .progress(let progress) = message { onProgress(progress) }
        }
    }

    /// What has happened, and what happens.
    ///
    /// Where the daemon goes away meanwhile, it is asked for the rest when it is back.
    /// - Parameters:
    ///   - since: Events after this number; nil for all that the daemon remembers.
    ///   - follow: Whether to wait for those to come.
    ///   - onAway: Told once that the daemon is away, and is waited for.
    ///   - onEvent: Gets each event; false ends the call.
    /// - Throws: Why there are no more.
    public func events(
        since: UInt64? = nil,
        follow: Bool = false,
        onAway: () -> Void = {},
        onEvent: (EventView) -> Bool
    ) throws(ClientError) {
        try eventLines(since: since, follow: follow, onAway: onAway) { line throws(ClientError) in
            onEvent(try Self.decode(line))
        }
    }
}

extension ControlClient {
    /// The body of a GET, as it came.
    package func get(_ path: String, onAway: () -> Void = {}) throws(ClientError) -> [UInt8] {
        try persist(for: .answer, onAway: onAway) { deadline throws(ClientError) -> [UInt8] in
            var exchange = try Exchange.begin(self, method: "GET", path: path, deadline: deadline)
            return try exchange.readBody()
        }
    }

    package func path(ofApp name: String) throws(ClientError) -> String {
        // A name that is none needs no question, and could be another path.
        guard AppName(name) != nil else {
            throw .refused(ErrorView(.noSuchApp, message: "no app is named \"\(name)\""), status: 404)
        }
        return "/v1/apps/\(name)"
    }

    /// As `command`, with each line as it came.
    package func run(
        _ command: ControlCommand,
        key: IdempotencyKey = .random(),
        onAway: () -> Void = {},
        onLine: (CommandMessage, [UInt8]) -> Void
    ) throws(ClientError) -> CommandResult {
        let body: [UInt8]
        do {
            body = try command.body()
        } catch {
            throw .unexpected(error.message)
        }
        var memory = ProgressMemory()
        return try persist(for: .begun, onAway: onAway) { deadline throws(ClientError) -> CommandResult in
            memory.reconnected()
            var exchange = try Exchange.begin(
                self,
                method: "POST",
                path: command.path,
                key: key,
                body: body,
                deadline: deadline
            )
            while let line = try exchange.readLine() {
                let message: CommandMessage = try Self.decode(line)
                switch message {
                case .progress(let progress): if memory.isNew(progress) { onLine(message, line) }
                case .result(let result):
                    onLine(message, line)
                    return result
                }
            }
            throw .lost
        }
    }

    /// As `events`, with each line as it came.
    package func eventLines(
        since: UInt64?,
        follow: Bool,
        onAway: () -> Void = {},
        onLine: ([UInt8]) throws(ClientError) -> Bool
    ) throws(ClientError) {
        var last: [UInt8]?
        try persist(for: follow ? .begun : .answer, onAway: onAway) { deadline throws(ClientError) -> Void in
            let since =
                try last.map { line throws(ClientError) -> UInt64 in
                    let event: EventNumber = try Self.decode(line)
                    return event.seq
                } ?? since
            let query = [follow ? "follow=1" : nil, since.map { "since=\($0)" }].compactMap { $0 }
            let path = "/v1/events" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
            var exchange = try Exchange.begin(self, method: "GET", path: path, deadline: deadline)
            while let line = try exchange.readLine() {
                last = line
                guard try onLine(line) else { return }
            }
            if follow { throw .lost }
        }
    }

    /// Makes attempts until one succeeds, or fails in a way that another attempt would not change.
    private func persist<Result>(
        for stake: Absence.Stake,
        onAway: () -> Void,
        _ attempt: (Deadline) throws(ClientError) -> Result
    ) throws(ClientError) -> Result {
        let deadline = Deadline(after: timeout)
        var absence = Absence(self, stake: stake, deadline: deadline)
        while true {
            let begin = MonotonicClock.now()
            do throws(ClientError) {
                return try attempt(deadline)
            } catch {
                try absence.outlast(error, since: begin, onAway: onAway)
            }
        }
    }

    package static func decode<Value: Decodable>(_ bytes: [UInt8]) throws(ClientError) -> Value {
        do {
            return try WireCoding.decode(from: bytes)
        } catch {
            throw .unexpected(error.message)
        }
    }
}

/// The one member of an event that asking for the next ones takes.
private struct EventNumber: Decodable {
    var seq: UInt64
}
