import KoomyWorker
import Testing

struct BindAddressTests {
    @Test(arguments: [
        ("tcp://127.0.0.1:5000", BindAddress.tcp(host: "127.0.0.1", port: 5000)),
        ("127.0.0.1:5000", .tcp(host: "127.0.0.1", port: 5000)),
        ("[::1]:80", .tcp(host: "::1", port: 80)),
        ("tcp://[::1]:80", .tcp(host: "::1", port: 80)),
        ("*:80", .tcp(host: nil, port: 80)),
        ("8080", .tcp(host: nil, port: 8080)),
        ("localhost:0", .tcp(host: "localhost", port: 0)),
        ("unix:/run/app.sock", .unix(path: "/run/app.sock")),
    ])
    func `an address is read`(text: String, address: BindAddress) {
        #expect(BindAddress(parsing: text) == address)
    }

    @Test(arguments: [
        "", ":80", "host", "host:", "host:65536", "::1:80", "tcp://80", "unix:relative", "unix:", "host:-1",
        "unix:/\(String(repeating: "x", count: 107))",
    ])
    func `what is no address is refused`(text: String) {
        #expect(BindAddress(parsing: text) == nil)
    }

    @Test(arguments: [
        BindAddress.tcp(host: nil, port: 1), .tcp(host: "::1", port: 2), .tcp(host: "a.example", port: 3),
        .unix(path: "/a"),
    ])
    func `an address is written as it is read`(address: BindAddress) {
        #expect(BindAddress(parsing: address.description) == address)
    }
}
