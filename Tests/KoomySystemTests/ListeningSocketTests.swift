import CKoomyLinux
import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("Listening on the network", .timeLimit(.minutes(1)))
struct ListeningSocketTests {
    private func spec(
        _ host: String,
        port: UInt16 = 0,
        _ change: (inout ListenerSpec) -> Void = { _ in }
    ) -> ListenerSpec {
        var spec = ListenerSpec(name: "http", address: .tcp(host: host, port: port), backlog: 16)
        change(&spec)
        return spec
    }

    private func port(of socket: borrowing ListeningSocket) throws -> UInt16 {
        guard case .tcp(_, let port) = socket.address else { throw SystemError("port", .invalidArgument) }
        return port
    }

    private func error(_ spec: ListenerSpec) -> SystemError? {
        systemError { () throws(SystemError) in _ = try ListeningSocket.open(spec).address }
    }

    @Test(arguments: ["127.0.0.1", "localhost", "*", ""])
    func `a connection to the port that was chosen is accepted`(host: String) throws {
        let listener = try ListeningSocket.open(spec(host))
        let port = try port(of: listener)
        #expect(port > 0)
        let client = try StreamSocket.connectAndWait(
            to: .tcp(host: host == "localhost" ? host : "127.0.0.1", port: port)
        )
        let server = try #require(try accepted(by: listener.descriptor.number))
        try client.writeAll("ping".utf8)
        #expect(try waitFor { try server.descriptor.read(most: 10) } == Array("ping".utf8))
    }

    @Test
    func `IPv6 works where the machine has it`() throws {
        let listener: ListeningSocket
        do throws(SystemError) {
            listener = try ListeningSocket.open(spec("::1"))
        } catch {
            #expect([EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errno.number))
            return
        }
        let port = try port(of: listener)
        #expect(listener.address == .tcp(host: "::1", port: port))
        _ = try StreamSocket.connectAndWait(to: listener.address).number
    }

    @Test
    func `a star takes IPv4 and, where there is IPv6, that too`() throws {
        let listener = try ListeningSocket.open(spec("*"))
        let port = try port(of: listener)
        _ = try StreamSocket.connectAndWait(to: .tcp(host: "127.0.0.1", port: port)).number
        if listener.address == .tcp(host: "::", port: port) {
            _ = try StreamSocket.connectAndWait(to: .tcp(host: "::1", port: port)).number
        }
    }

    @Test
    func `an address in use is refused and named, and nothing happens to who uses it`() throws {
        let first = try ListeningSocket.open(spec("127.0.0.1"))
        let port = try port(of: first)
        let error = error(spec("127.0.0.1", port: port))
        #expect(error?.errno == .addressInUse)
        #expect(error?.subject == "tcp://127.0.0.1:\(port)")
        #expect(error?.hint?.contains("ss -ltnp") == true)
        _ = try StreamSocket.connectAndWait(to: first.address).number
    }

    @Test
    func `a port can be taken again at once, though connections of it linger`() throws {
        let port: UInt16
        do {
            let listener = try ListeningSocket.open(spec("127.0.0.1"))
            port = try self.port(of: listener)
            let client = try StreamSocket.connectAndWait(to: listener.address)
            // The server closes first and so has the connection in TIME_WAIT.
            let server = try accepted(by: listener.descriptor.number)
            #expect(server != nil)
            _ = client.number
        }
        _ = try ListeningSocket.open(spec("127.0.0.1", port: port)).address
    }

    @Test
    func `several sockets share a port on request`() throws {
        let first = try ListeningSocket.open(spec("127.0.0.1") { $0.reusePort = true })
        let port = try port(of: first)
        _ = try ListeningSocket.open(spec("127.0.0.1", port: port) { $0.reusePort = true }).address
        #expect(error(spec("127.0.0.1", port: port))?.errno == .addressInUse)
    }

    @Test
    func `an address that is not this machine's is refused`() {
        let error = error(spec("192.0.2.1"))
        #expect(error?.errno == .addressNotAvailable)
        #expect(error?.hint != nil)
    }

    @Test
    func `a name that does not exist is refused`() {
        let error = error(spec("no-such-host.invalid"))
        // EAGAIN where no resolver answers.
        #expect([Errno.noSuchFile, .wouldBlock].contains(error?.errno))
        #expect(error?.subject == "no-such-host.invalid")
    }

    @Test
    func `a privileged port without the right to it is refused with a hint`() async {
        await #expect(processExitsWith: .success) {
            if Machine.isRoot { try #require(setuid(65_534) == 0) }
            guard (ProcFS.number(in: "/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? 0) > 80 else { return }
            let spec = ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: 80))
            let error = systemError { () throws(SystemError) in _ = try ListeningSocket.open(spec).address }
            #expect(error?.errno == .permissionDenied)
            #expect(error?.hint?.contains("ip_unprivileged_port_start") == true)
        }
    }

    @Test(arguments: [true, false])
    func `the nonblocking flag is as asked for and can be restored`(nonblocking: Bool) throws {
        let listener = try ListeningSocket.open(spec("127.0.0.1") { $0.nonblocking = nonblocking })
        func isSet() throws -> Bool {
            try check(koomy_get_flags(listener.descriptor.number), "flags") & O_NONBLOCK != 0
        }
        #expect(try isSet() == nonblocking)
        // As a worker would that shares the open file.
        let shared = try listener.descriptor.duplicate()
        try shared.setNonblocking(!nonblocking)
        #expect(try isSet() == !nonblocking)
        try listener.descriptor.setNonblocking(nonblocking)
        #expect(try isSet() == nonblocking)
    }

    @Test
    func `a queue longer than the kernel allows is warned of`() throws {
        let limit = try #require(ProcFS.number(in: "/proc/sys/net/core/somaxconn"))
        let long = try ListeningSocket.open(spec("127.0.0.1") { $0.backlog = Int32(limit) + 1 })
        #expect(long.warning?.contains("\(limit)") == true)
        let fitting = try ListeningSocket.open(spec("127.0.0.1") { $0.backlog = Int32(limit) })
        #expect(fitting.warning == nil)
    }

    @Test
    func `a private socket is on the loopback address`() throws {
        let listener = try ListeningSocket.openPrivate()
        let port = try port(of: listener)
        #expect(listener.address == .tcp(host: "127.0.0.1", port: port))
    }

    @Test
    func `descriptors are not inheritable`() throws {
        let listener = try ListeningSocket.open(spec("127.0.0.1"))
        #expect(fcntl(listener.descriptor.number, F_GETFD) == FD_CLOEXEC)
    }

    @Test
    func `a listener from elsewhere is taken with its address, another socket is refused`() throws {
        let listener = try ListeningSocket.open(spec("127.0.0.1"))
        let adopted = try ListeningSocket.adopt(try listener.descriptor.duplicate())
        #expect(adopted.address == listener.address)
        let client = try StreamSocket.connectAndWait(to: listener.address)
        let copy = try client.duplicate()
        let number = copy.release()
        let error = systemError { () throws(SystemError) in
            _ = try ListeningSocket.adopt(FileDescriptor(owning: number)).address
        }
        #expect(error?.errno == .invalidArgument)
    }
}
