import KoomyWorker
import Testing

struct RequestHeadTests {
    private func head(_ text: String) -> RequestHead? { RequestHead(Array(text.utf8)[...]) }

    @Test func `a head is read up to the empty line`() {
        let request = head("POST /a?b=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nrest")
        #expect(request?.method == "POST")
        #expect(request?.target == "/a?b=1")
        #expect(request?.contentLength == 12)
        #expect(request?.keepsAlive == true)
        #expect(request?.byteCount == 53)
    }

    @Test(arguments: ["", "GET / HTTP/1.1", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n"])
    func `what has not ended is no head yet`(text: String) {
        #expect(head(text) == nil)
    }

    @Test(arguments: [
        "GET /\r\n\r\n", "GET / FTP/1.1\r\n\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\nnonsense\r\n\r\n",
        "A B HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ])
    func `what is no request is no head`(text: String) {
        #expect(head(text) == nil)
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", true), ("HTTP/1.1", "connection: Upgrade, Close\r\n", false),
    ])
    func `the client says whether it goes on`(version: String, line: String, keepsAlive: Bool) {
        #expect(head("GET / \(version)\r\n\(line)\r\n")?.keepsAlive == keepsAlive)
    }

    @Test func `a slice of a longer input is read from its own beginning`() {
        let input = Array("xxxGET / HTTP/1.1\r\n\r\n".utf8)
        #expect(RequestHead(input[3...])?.byteCount == 18)
    }
}
