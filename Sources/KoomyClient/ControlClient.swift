import KoomyModel
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

    /// Asks for a change and waits until it is done or has failed.
    ///
    /// A client that goes away does not take back what it asked for.
    /// - Parameters:
    ///   - command: What is asked for.
    ///   - onProgress: Told what happens meanwhile.
    /// - Returns: How it ended; a failure is a result too.
    /// - Throws: `ClientError.refused` where it was not begun; why the result is not known.
    public func command(
        _ command: ControlCommand,
        onProgress: (CommandProgress) -> Void = { _ in }
    ) throws(ClientError) -> CommandResult {
        try run(command) { message, _ in
            if case .progress(let progress) = message { onProgress(progress) }
        }
    }

    /// What has happened, and what happens.
    ///
    /// - Parameters:
    ///   - since: Events after this number; nil for all that the daemon remembers.
    ///   - follow: Whether to wait for those to come.
    ///   - onEvent: Gets each event; false ends the call.
    /// - Throws: Why there are no more.
    public func events(
        since: UInt64? = nil,
        follow: Bool = false,
        onEvent: (EventView) -> Bool
    ) throws(ClientError) {
        try eventLines(since: since, follow: follow) { line throws(ClientError) in
            onEvent(try Self.decode(line))
        }
    }
}

extension ControlClient {
    /// The body of a GET, as it came.
    package func get(_ path: String) throws(ClientError) -> [UInt8] {
        var exchange = try Exchange.begin(self, method: "GET", path: path)
        return try exchange.readBody()
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
        onLine: (CommandMessage, [UInt8]) -> Void
    ) throws(ClientError) -> CommandResult {
        let body: [UInt8]
        do {
            body = try command.body()
        } catch {
            throw .unexpected(error.message)
        }
        var exchange = try Exchange.begin(self, method: "POST", path: command.path, body: body)
        while let line = try exchange.readLine() {
            let message: CommandMessage = try Self.decode(line)
            onLine(message, line)
            if case .result(let result) = message { return result }
        }
        throw .lost
    }

    /// As `events`, with each line as it came.
    package func eventLines(
        since: UInt64?,
        follow: Bool,
        onLine: ([UInt8]) throws(ClientError) -> Bool
    ) throws(ClientError) {
        let query = [follow ? "follow=1" : nil, since.map { "since=\($0)" }].compactMap { $0 }.joined(separator: "&")
        let path = "/v1/events" + (query.isEmpty ? "" : "?\(query)")
        var exchange = try Exchange.begin(self, method: "GET", path: path)
        while let line = try exchange.readLine() {
            guard try onLine(line) else { return }
        }
        if follow { throw .lost }
    }

    package static func decode<Value: Decodable>(_ bytes: [UInt8]) throws(ClientError) -> Value {
        do {
            return try WireCoding.decode(from: bytes)
        } catch {
            throw .unexpected(error.message)
        }
    }
}
