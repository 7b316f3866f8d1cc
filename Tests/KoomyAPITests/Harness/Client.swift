import CKoomyLinux
import Glibc
import KoomyWorker

@testable import koomy_api

/// A response as it came.
struct Received {
    var status: Int
    var headers: [String: String]
    var body: String

    var json: JSON { JSONParser.parse(Array(body.utf8)) ?? .null }
    var saysClose: Bool { headers["connection"] == "close" }
}

/// One connection of a client that does exactly what the test says.
final class Client {
    /// The peer closed, or reset, the connection.
    struct Closed: Error {
        /// Bytes that had come.
        var received: Int
        var wasReset: Bool
    }

    let socket: Int32
    private var input: [UInt8] = []

    init(port: UInt16) throws {
        socket = koomy_socket(AF_INET, Int32(SOCK_STREAM.rawValue))
        var address = koomy_address()
        guard koomy_address_lookup("127.0.0.1", port, 0, &address, 1) == 1 else {
            throw TimedOut(description: "lookup")
        }
        let result = koomy_connect(socket, &address)
        guard result >= 0 else { throw TimedOut(description: "connect: \(result)") }
        _ = koomy_set_nonblocking(socket, 1)
    }

    deinit { _ = koomy_close(socket) }

    func send(_ text: String, within limit: Duration = .seconds(15)) throws {
        var rest = Array(text.utf8)
        _ = try eventually("room to send", within: limit) { () -> Bool? in
            let count = koomy_worker_send(socket, rest, rest.count)
            if count == -Int(EAGAIN) { return nil }
            guard count >= 0 else { throw Closed(received: input.count, wasReset: true) }
            rest.removeFirst(count)
            return rest.isEmpty ? true : nil
        }
    }

    func get(_ target: String, headers: String = "") throws -> Received {
        try send("GET \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
        return try receive()
    }

    /// The next response.
    func receive(within limit: Duration = .seconds(15)) throws -> Received {
        try eventually("a response", within: limit) {
            if let response = parse() { return response }
            let isOpen = try read()
            if let response = parse() { return response }
            guard isOpen else { throw Closed(received: input.count, wasReset: false) }
            return nil
        }
    }

    /// Waits until the server has shut its side, with nothing more sent.
    func waitForEnd(within limit: Duration = .seconds(15)) throws {
        _ = try eventually("the end of the connection", within: limit) { try read() ? nil : true }
    }

    /// Whether the server has shut its side by now.
    func hasEnded() throws -> Bool { try !read() }

    /// Takes what has come; false at the end.
    private func read() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = koomy_worker_receive(socket, &buffer, buffer.count)
            if count == -Int(EAGAIN) { return true }
            guard count >= 0 else { throw Closed(received: input.count, wasReset: true) }
            guard count > 0 else { return false }
            input += buffer[..<count]
        }
    }

    private func parse() -> Received? {
        let text = String(decoding: input, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        let headLength = text[..<end.upperBound].utf8.count
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        guard input.count >= headLength + length else { return nil }
        let body = String(decoding: input[headLength..<headLength + length], as: UTF8.self)
        input.removeFirst(headLength + length)
        return Received(status: status, headers: headers, body: body)
    }
}

extension String {
    /// Where a text begins and ends; the standard library has this only with string processing imported.
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            formIndex(after: &start)
        }
        return nil
    }
}

/// One GET on a connection of its own.
func get(_ port: UInt16, _ target: String) throws -> Received {
    try Client(port: port).get(target, headers: "Connection: close\r\n")
}
