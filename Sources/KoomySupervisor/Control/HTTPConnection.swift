import CMicrohttpd
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// One client of an HTTP server, from accept to close.
final class HTTPConnection {
    /// A request on its way in, or one that is being answered.
    struct Exchange {
        var target: String
        var hasHead = false
        var body: [UInt8] = []
        /// Bytes of the body that were thrown away because there were too many.
        var discarded = 0
        var stream: ResponseStream?
    }

    let descriptor: Int32
    var exchange: Exchange?
    /// When it is cut off; nil while a stream may last.
    private(set) var deadline: Instant?
    private let connection: OpaquePointer
    private weak var server: HTTPServer?
    private var isSuspended = false
    /// Sees the client go while libmicrohttpd does not look, which is while the connection is suspended.
    private var hangUp: IOSource?

    init(_ connection: OpaquePointer, descriptor: Int32, server: HTTPServer) {
        self.connection = connection
        self.descriptor = descriptor
        self.server = server
    }

    /// Sets the time at which the connection is cut off.
    func expire(after span: TimeSpan?) {
        guard let server else { return }
        // Not the loop's time: making an answer may have taken long since this round began.
        deadline = span.map { MonotonicClock.now() + $0 }
        if let deadline { server.expects(deadline) }
    }

    /// Has libmicrohttpd leave it alone until `resume`; from within the callback that asks for content only.
    func suspend() {
        guard !isSuspended else { return }
        isSuspended = true
        MHD_suspend_connection(connection)
    }

    /// Has libmicrohttpd ask for content again.
    func resume() {
        guard isSuspended else { return }
        isSuspended = false
        MHD_resume_connection(connection)
        server?.wake()
    }

    /// Has libmicrohttpd close it in the next round.
    func cut() {
        koomy_mhd_control_cut(descriptor)
        resume()
    }

    /// From now on a stream is what it waits for.
    func begin(_ stream: ResponseStream) {
        exchange?.stream = stream
        expire(after: nil)
        // No event is asked for: a client that has closed is reported anyway, one that only writes no more is not.
        hangUp = try? server?.loop.io(descriptor, []) { [weak self, weak stream] _ in
            self?.hangUp = nil
            stream?.cut()
        }
        stream.attach(to: self)
    }

    /// The client has some time left to take the rest.
    func streamHasEnded() { expire(after: server?.limits.answerTime) }

    /// The request is over; another may follow.
    func endExchange() {
        hangUp = nil
        let stream = exchange?.stream
        exchange = nil
        expire(after: server?.limits.requestTime)
        stream?.close()
    }

    /// Has libmicrohttpd see that the client, with its request, has said that no other follows.
    func noticeEnd() { koomy_mhd_control_notice_end(descriptor) }
}
