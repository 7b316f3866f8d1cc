import KoomyModel
import KoomySystem
import KoomyWire

/// One connection to a listener, with at most one request on it.
final class LoadConnection {
    enum State {
        case connecting
        /// Nothing is asked.
        case idle
        /// The request is going out, or its response coming in.
        case asking
    }

    /// What came of looking at it.
    enum News {
        case nothing
        /// A whole response; whether the connection can be used again.
        case answered(status: Int, isReusable: Bool)
        /// The other side has ended it while nothing was asked.
        case ended
        case failed(LoadFailure.Kind)
    }

    let listener: Int
    let keepsAlive: Bool
    let socket: FileDescriptor
    private(set) var state = State.connecting
    /// How many responses came on it.
    private(set) var answered = 0
    /// When its request was due.
    private(set) var due = Instant(nanoseconds: 0)
    private(set) var dueAt: Int64 = 0
    private var request: [UInt8] = []
    private var sent = 0
    private var parser = HTTPParser(.responses())
    private var status: Int?
    private let method: VerifyRequest.Method

    init(
        to address: SocketAddress,
        listener: Int,
        keepsAlive: Bool,
        method: VerifyRequest.Method
    ) throws(SystemError) {
        self.listener = listener
        self.keepsAlive = keepsAlive
        self.method = method
        socket = try StreamSocket.connect(to: address)
    }

    /// What it is waited for.
    var interest: Poll.Events {
        switch state {
        case .connecting: .writable
        case .idle: .readable
        case .asking: sent < request.count ? [.readable, .writable] : .readable
        }
    }

    var isIdle: Bool {
        switch state {
        case .idle: true
        case .connecting, .asking: false
        }
    }

    /// Whether there is something to read where nothing was asked: the end, as a rule.
    var hasEnded: Bool {
        let found = try? Poll.wait([Poll.Entry(socket.number, .readable)], atMost: .zero)
        return found?.first?.isEmpty == false
    }

    /// Sends a request as soon as it can.
    func ask(_ request: [UInt8], due: Instant, dueAt: Int64) -> News {
        self.request = request
        self.due = due
        self.dueAt = dueAt
        sent = 0
        status = nil
        parser = HTTPParser(.responses(toHead: method == .HEAD))
        switch state {
        case .connecting, .asking: return .nothing
        case .idle:
            state = .asking
            return write()
        }
    }

    /// Goes on after poll(2) has found something.
    func proceed(_ events: Poll.Events) -> News {
        switch state {
        case .connecting:
            guard !events.isEmpty else { return .nothing }
            if let errno = try? StreamSocket.pendingError(of: socket.number) { return .failed(Self.kind(errno)) }
            state = .asking
            return write()
        case .idle: return events.isEmpty ? .nothing : .ended
        case .asking:
            if !events.isDisjoint(with: [.readable, .hangUp, .error]) {
                let news = read()
                guard case .nothing = news else { return news }
            }
            return events.contains(.writable) ? write() : .nothing
        }
    }

    private func write() -> News {
        do throws(SystemError) {
            while sent < request.count, let count = try socket.write(request[sent...]) { sent += count }
            return .nothing
        } catch {
            // What the other side had to say before it closed may still be there.
            let news = read()
            if case .nothing = news { return .failed(Self.kind(error.errno)) }
            return news
        }
    }

    private func read() -> News {
        do throws(SystemError) {
            while let bytes = try socket.read(most: 16_384) {
                if let news = take(bytes.isEmpty ? parser.finish() : parser.feed(bytes), isAtEnd: bytes.isEmpty) {
                    return news
                }
            }
            return .nothing
        } catch {
            return .failed(status == nil ? Self.kind(error.errno) : .truncated)
        }
    }

    private func take(_ events: [HTTPParser.Event], isAtEnd: Bool) -> News? {
        for event in events {
            switch event {
            case .response(let head): if head.status >= 200 { status = head.status }
            case .body, .request: break
            case .end(let isReusable):
                guard let status else { break }
                state = .idle
                answered += 1
                return .answered(status: status, isReusable: isReusable && keepsAlive && !isAtEnd)
            case .failed(let error):
                return .failed(isAtEnd ? status == nil ? .closed : .truncated : .other("\(error)"))
            }
        }
        return isAtEnd ? .failed(.closed) : nil
    }

    private static func kind(_ errno: Errno) -> LoadFailure.Kind {
        switch errno {
        case .connectionRefused, .noSuchFile: .refused
        case .connectionReset, .brokenPipe: .reset
        default: .other(errno.description)
        }
    }
}
