import KoomyWorker

let worker = try Worker()
let listeners = try worker.listeners(orBind: .tcp(host: "127.0.0.1", port: 8080))
let server = GracefulServer(worker: worker, listeners: listeners)

// Returns after TERM, when every request is answered; the program then ends with status 0.
try server.run { input, isLeaving in
    guard let request = RequestHead(input) else { return .incomplete }
    let closes = isLeaving || !request.keepsAlive
    let body = "\(request.method) \(request.target) in slot \(worker.slot ?? 0)\n"
    let head = """
        HTTP/1.1 200 OK\r
        Content-Length: \(body.utf8.count)\r
        Connection: \(closes ? "close" : "keep-alive")\r
        \r

        """
    return .reply(Array((head + body).utf8), consumed: request.byteCount, closes: closes)
}
