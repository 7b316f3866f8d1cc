import CKoomyLinux
import Glibc
import Testing

@testable import KoomyWorker

@Suite(.serialized)
struct ListenerTests {
    private func connect(to listener: Listener) throws -> Int32 {
        let socket = koomy_socket(AF_INET, Int32(SOCK_STREAM.rawValue))
        var address = koomy_address()
        let port = try #require(listener.address.split(separator: ":").last.flatMap { UInt16($0) })
        #expect(koomy_address_lookup("127.0.0.1", port, 0, &address, 1) == 1)
        try #require(koomy_connect(socket, &address) >= 0)
        return socket
    }

    @Test func `a bound listener accepts, and says that nobody is there`() throws {
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        defer { listener.close() }
        #expect(listener.address.hasPrefix("tcp://127.0.0.1:"))
        #expect(!listener.isInherited)
        #expect(listener.isNonblocking)
        #expect(try listener.accept() == nil)
        let client = try connect(to: listener)
        let connection = try #require(try listener.accept())
        #expect(koomy_get_flags(connection) & O_NONBLOCK != 0)
        _ = koomy_close(client)
        _ = koomy_close(connection)
    }

    @Test func `an address in use is an error that names it`() throws {
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        defer { listener.close() }
        let address = try #require(BindAddress(parsing: listener.address))
        let error = #expect(throws: WorkerError.self) { try Listener.bind(address) }
        #expect(error?.code == EADDRINUSE)
        #expect(error?.description == "cannot listen on \(address): Address already in use")
    }

    @Test func `every address takes IPv4 too`() throws {
        let listener = try Listener.bind(.tcp(host: nil, port: 0))
        defer { listener.close() }
        _ = koomy_close(try connect(to: listener))
        #expect(try listener.accept() != nil)
    }

    @Test func `a stale socket file is replaced and a live one refused`() throws {
        let path = "/tmp/koomy-listener-\(getpid()).sock"
        defer { unlink(path) }
        let first = try Listener.bind(.unix(path: path))
        #expect(first.address == "unix:\(path)")
        #expect(throws: WorkerError(operation: "listen on", code: EADDRINUSE, subject: "unix:\(path)")) {
            try Listener.bind(.unix(path: path))
        }
        first.close()
        let second = try Listener.bind(.unix(path: path))
        second.close()
        second.close()
        #expect(second.descriptor == -1)
    }

    @Test func `a file that is no socket is left alone`() throws {
        let path = "/tmp/koomy-listener-\(getpid()).file"
        defer { unlink(path) }
        let file = try #require(fopen(path, "w"))
        fclose(file)
        #expect(throws: WorkerError.self) { try Listener.bind(.unix(path: path)) }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `variables for another process, or none, announce nothing`() throws {
        func names(_ variables: [String: String]) throws -> [String] {
            try InheritedListeners(environment: { variables[$0] }, processID: 42).names
        }
        #expect(try names([:]) == [])
        #expect(try names(["LISTEN_FDS": "2"]) == [])
        #expect(try names(["LISTEN_FDS": "2", "LISTEN_PID": "41"]) == [])
        #expect(try names(["LISTEN_PID": "42"]) == [])
        #expect(try names(["LISTEN_FDS": "2", "LISTEN_PID": "42"]) == ["unknown", "unknown"])
        #expect(
            try names(["LISTEN_FDS": "3", "LISTEN_PID": "42", "LISTEN_FDNAMES": "http::probe"])
                == ["http", "unknown", "probe"]
        )
        #expect(throws: WorkerError.self) { try names(["LISTEN_FDS": "-1", "LISTEN_PID": "42"]) }
        #expect(throws: WorkerError.self) { try names(["LISTEN_FDS": "all", "LISTEN_PID": "42"]) }
    }
}
