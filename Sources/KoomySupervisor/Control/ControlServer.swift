package import KoomyEventLoop
package import KoomySystem
package import KoomyWire

/// The daemon's control API: HTTP/1.1 and JSON under `/v1` on a Unix socket.
package final class ControlServer {
    /// Followers at once; the one that has followed longest makes room, and can come back with `since`.
    static let followerLimit = 128

    private weak var delegate: (any ControlDelegate)?
    private var followers: [EventFollower] = []
    private let limits: HTTPLimits
    private(set) var http: HTTPServer?

    /// Serves clients of a listening Unix socket, which it owns from now on.
    package convenience init(
        loop: EventLoop,
        listener: consuming FileDescriptor,
        delegate: any ControlDelegate
    ) throws(SystemError) {
        try self.init(loop: loop, listener: listener, delegate: delegate, limits: HTTPLimits())
    }

    init(
        loop: EventLoop,
        listener: consuming FileDescriptor,
        delegate: any ControlDelegate,
        limits: HTTPLimits
    ) throws(SystemError) {
        self.delegate = delegate
        self.limits = limits
        http = try HTTPServer(loop: loop, listener: listener, limits: limits) { [weak self] request in
            self?.answer(request) ?? .complete(.leaving)
        }
    }

    isolated deinit { http?.close() }

    /// Tells all followers of an event.
    package func broadcast(_ event: EventView) {
        guard !followers.isEmpty, let line = try? WireCoding.encodeLine(event) else { return }
        for index in followers.indices { followers[index].send(event, line) }
    }

    /// Serves nobody any more; results that are there still go out.
    package func close() { http?.close() }

    /// Clients that follow events.
    var followerCount: Int { followers.count }

    private func answer(_ request: HTTPRequest) -> HTTPAnswer {
        guard let delegate else { return .complete(.leaving) }
        let isReading = request.method == "GET" || request.method == "HEAD"
        guard delegate.permits(request.peer, changing: !isReading) else {
            return .complete(.notPermitted(request.peer, changing: !isReading))
        }
        guard let target = RequestTarget(parsing: request.target) else {
            return .complete(.badRequest("the path or query is not escaped as it has to be"))
        }
        guard let route = ControlRoute(target.segments) else { return .complete(.notFound(request.target)) }
        guard route.methods.contains(request.method) else {
            return .complete(.methodNotAllowed(request.method, route))
        }
        guard let body = request.body else { return .complete(.tooLarge(limits.body)) }
        switch route {
        case .index: return .complete(.value(EndpointList()))
        case .version: return .complete(.value(VersionAnswer(delegate.status())))
        case .status: return .complete(.value(delegate.status()))
        case .app(let name):
            guard let app = delegate.app(name) else { return .complete(.noSuchApp(name, delegate.knownApps())) }
            return .complete(.value(app))
        case .deployments(let name):
            guard let view = delegate.deployments(name) else {
                return .complete(.noSuchApp(name, delegate.knownApps()))
            }
            return .complete(.value(view))
        case .events: return events(target.query, isHead: request.method == "HEAD", delegate)
        case .doctor: return .complete(.value(delegate.doctor()))
        case .command(let verb): return execute(verb, body, request, delegate)
        }
    }

    private func execute(
        _ verb: ControlVerb,
        _ body: [UInt8],
        _ request: HTTPRequest,
        _ delegate: any ControlDelegate
    ) -> HTTPAnswer {
        var key: IdempotencyKey?
        if let text = request.idempotencyKey {
            key = IdempotencyKey(text)
            guard key != nil else { return .complete(.badRequest(IdempotencyKey.problem)) }
        }
        let command: ControlCommand
        do {
            command = try verb.command(from: body)
        } catch {
            return .complete(.badRequest(error.message))
        }
        let stream = ResponseStream(room: limits.stream)
        let answer = CommandStream(stream)
        delegate.execute(command, key: key?.text, from: request.peer, answering: answer)
        if let refusal = answer.refusal { return .complete(.error(refusal.status, refusal.error)) }
        answer.accept()
        return .stream(stream, contentType: HTTPReply.lines)
    }

    private func events(
        _ query: [String: String],
        isHead: Bool,
        _ delegate: any ControlDelegate
    ) -> HTTPAnswer {
        let wish: EventsQuery
        do {
            wish = try EventsQuery(query)
        } catch {
            return .complete(.badRequest(error.message))
        }
        let remembered = isHead ? [] : remembered(wish, delegate)
        let backlog = remembered.flatMap { (try? WireCoding.encodeLine($0)) ?? [] }
        let stream = ResponseStream(room: limits.stream, backlog: backlog)
        if wish.follows && !isHead {
            follow(EventFollower(stream, last: remembered.last?.seq))
        } else {
            stream.end()
        }
        return .stream(stream, contentType: HTTPReply.lines)
    }

    /// The events after a number; all of them where the number is of an earlier koomyd, whose numbers were higher.
    private func remembered(_ wish: EventsQuery, _ delegate: any ControlDelegate) -> [EventView] {
        let later = delegate.events(since: wish.since)
        guard later.isEmpty, wish.since > 0 else { return later }
        let all = delegate.events(since: 0)
        return all.last.map { $0.seq < wish.since } ?? false ? all : []
    }

    private func follow(_ follower: EventFollower) {
        if followers.count >= Self.followerLimit { followers.removeFirst().stream.end() }
        followers.append(follower)
        follower.stream.onClose = { [weak self, weak stream = follower.stream] in
            self?.followers.removeAll { $0.stream === stream }
        }
    }
}
