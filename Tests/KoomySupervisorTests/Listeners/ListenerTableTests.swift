import Glibc
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct ListenerTableTests {
    /// A table that writes down what it tells.
    private final class Bench {
        private(set) var opened: [String] = []
        private(set) var closed: [String] = []
        private(set) lazy var table = ListenerTable(
            opened: { [unowned self] in opened.append("\($0): \($1)") },
            closed: { [unowned self] in closed.append("\($0): \($1)") }
        )
        let app: AppName

        init() throws { app = try #require(AppName("web")) }

        func numbers(_ generation: UInt64, slot: Int = 0) throws -> [Int32] {
            try table.descriptors(app, Generation(generation), slot: slot).map(\.descriptor)
        }

        func ports(_ generation: UInt64) -> [UInt16] {
            table.addresses(app, Generation(generation)).compactMap {
                if case .tcp(_, let port) = $0.address { port } else { nil }
            }
        }
    }

    private let web = ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: 0))

    private func accepts(_ address: Connection.Address) -> Bool { (try? Connection(to: address)) != nil }

    @Test func `a socket listens as soon as it is open, and is told with the kernel's port`() throws {
        let bench = try Bench()
        try bench.table.open(bench.app, Generation(1), [web])
        let port = try #require(bench.ports(1).first)
        #expect(port != 0)
        #expect(accepts(.tcp(port)))
        #expect(bench.opened == ["web: listening on tcp://127.0.0.1:\(port)"])
        #expect(bench.table.addresses(bench.app, Generation(1)).map(\.name) == ["web"])
    }

    @Test func `generations share a socket, and the last one closes it`() throws {
        let bench = try Bench()
        try bench.table.open(bench.app, Generation(1), [web])
        let numbers = try bench.numbers(1)
        let port = try #require(bench.ports(1).first)
        try bench.table.open(bench.app, Generation(2), [web])
        #expect(try bench.numbers(2) == numbers)
        #expect(bench.ports(2) == [port])
        #expect(bench.opened.count == 1)
        bench.table.close(bench.app, Generation(1))
        #expect(bench.closed.isEmpty && accepts(.tcp(port)))
        #expect(throws: SystemError.self) { try bench.numbers(1) }
        bench.table.close(bench.app, Generation(2))
        #expect(bench.closed == ["web: no longer listening on tcp://127.0.0.1:\(port)"])
        #expect(!accepts(.tcp(port)))
        bench.table.close(bench.app, Generation(2))
        #expect(bench.closed.count == 1)
    }

    @Test func `a connection that waits is served by the next generation`() throws {
        let bench = try Bench()
        try bench.table.open(bench.app, Generation(1), [web])
        let waiting = try Connection(to: .tcp(try #require(bench.ports(1).first)))
        try bench.table.open(bench.app, Generation(2), [web])
        bench.table.close(bench.app, Generation(1))
        let accepted = accept(try #require(try bench.numbers(2).first), nil, nil)
        #expect(accepted >= 0)
        close(accepted)
        withExtendedLifetime(waiting) {}
    }

    @Test func `a generation that needs fewer closes only what it does not need`() throws {
        try Workspace.with { files in
            let bench = try Bench()
            let local = ListenerSpec(name: "local", address: .unix(path: files("socket")))
            try bench.table.open(bench.app, Generation(1), [web, local])
            try bench.table.open(bench.app, Generation(2), [web])
            bench.table.close(bench.app, Generation(1))
            #expect(bench.closed == ["web: no longer listening on unix:\(files("socket"))"])
            #expect(accepts(.tcp(try #require(bench.ports(2).first))))
            #expect(try bench.numbers(2).count == 1)
        }
    }

    @Test func `descriptors come in the order of the file`() throws {
        try Workspace.with { files in
            let bench = try Bench()
            let specs = ["c", "a", "b"].map { ListenerSpec(name: $0, address: .unix(path: files($0))) }
            try bench.table.open(bench.app, Generation(1), specs)
            try bench.table.open(bench.app, Generation(2), specs.reversed())
            let first = try bench.table.descriptors(bench.app, Generation(1), slot: 0)
            let second = try bench.table.descriptors(bench.app, Generation(2), slot: 0)
            #expect(first.map(\.name) == ["c", "a", "b"])
            #expect(second.map(\.name) == ["b", "a", "c"])
            #expect(second.map(\.descriptor) == first.map(\.descriptor).reversed())
            bench.table.close(bench.app, Generation(1))
            bench.table.close(bench.app, Generation(2))
        }
    }

    @Test func `where one cannot be opened none stays`() throws {
        let bench = try Bench()
        let other = try ListeningSocket.open(web)
        let taken = ListenerSpec(name: "taken", address: other.address)
        let error = #expect(throws: SystemError.self) {
            try bench.table.open(bench.app, Generation(1), [web, taken])
        }
        #expect(error?.errno == .addressInUse)
        #expect(throws: SystemError.self) { try bench.numbers(1) }
        #expect(bench.table.addresses(bench.app, Generation(1)).isEmpty)
        #expect(bench.table.inodes(bench.app, Generation(1)).isEmpty)
        #expect(bench.opened.count == 1 && bench.closed.count == 1)
    }

    @Test func `what an earlier generation has stays when a later one fails`() throws {
        let bench = try Bench()
        try bench.table.open(bench.app, Generation(1), [web])
        let numbers = try bench.numbers(1)
        let other = try ListeningSocket.open(web)
        let taken = ListenerSpec(name: "taken", address: other.address)
        #expect(throws: SystemError.self) { try bench.table.open(bench.app, Generation(2), [web, taken]) }
        #expect(try bench.numbers(1) == numbers)
        #expect(bench.closed.isEmpty)
        #expect(accepts(.tcp(try #require(bench.ports(1).first))))
        // The failed one has left no claim on it.
        bench.table.close(bench.app, Generation(1))
        #expect(bench.closed.count == 1)
    }

    @Test func `apps do not share sockets`() throws {
        let bench = try Bench()
        let other = try #require(AppName("other"))
        try bench.table.open(bench.app, Generation(1), [web])
        try bench.table.open(other, Generation(1), [web])
        #expect(try bench.table.descriptors(other, Generation(1), slot: 0).map(\.descriptor) != bench.numbers(1))
        bench.table.close(bench.app, Generation(1))
        #expect(try bench.table.descriptors(other, Generation(1), slot: 0).count == 1)
        bench.table.close(other, Generation(1))
        #expect(bench.closed.count == 2)
    }

    @Test func `with reuseport each slot has a socket of its own, the same in each generation`() throws {
        let bench = try Bench()
        let port = try FreePort.next()
        let shared = ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: port), reusePort: true)
        try bench.table.open(bench.app, Generation(1), [shared])
        let slots = try (0..<3).map { try bench.numbers(1, slot: $0) }
        #expect(Set(slots.flatMap(\.self)).count == 3)
        #expect(bench.opened == Array(repeating: "web: listening on tcp://127.0.0.1:\(port)", count: 3))
        try bench.table.open(bench.app, Generation(2), [shared])
        #expect(try (0..<3).map { try bench.numbers(2, slot: $0) } == slots)
        #expect(bench.opened.count == 3)
        #expect(bench.table.inodes(bench.app, Generation(2)).count == 3)
        bench.table.close(bench.app, Generation(1))
        #expect(bench.closed.isEmpty)
        bench.table.close(bench.app, Generation(2))
        #expect(bench.closed.count == 3)
        #expect(!accepts(.tcp(port)))
    }

    @Test func `the file of a Unix socket goes with its socket`() throws {
        try Workspace.with { files in
            let bench = try Bench()
            let local = ListenerSpec(name: "local", address: .unix(path: files("socket")))
            try bench.table.open(bench.app, Generation(1), [local])
            try bench.table.open(bench.app, Generation(2), [local])
            #expect(accepts(.unix(files("socket"))))
            bench.table.close(bench.app, Generation(1))
            #expect(Files.exists(files("socket")))
            bench.table.close(bench.app, Generation(2))
            #expect(!Files.exists(files("socket")))
        }
    }

    @Test func `a file that another one has put in its place stays`() throws {
        try Workspace.with { files in
            let bench = try Bench()
            try bench.table.open(
                bench.app,
                Generation(1),
                [ListenerSpec(name: "local", address: .unix(path: files("socket")))]
            )
            Files.remove(files("socket"))
            try files.write("another's", to: "socket")
            bench.table.close(bench.app, Generation(1))
            #expect(Files.text(of: files("socket")) == "another's")
        }
    }

    @Test func `a later generation changes the mode of the open socket's file`() throws {
        try Workspace.with { files in
            let bench = try Bench()
            var local = ListenerSpec(name: "local", address: .unix(path: files("socket")), mode: 0o600)
            func mode() -> UInt32 {
                var status = stat()
                return stat(files("socket"), &status) == 0 ? status.st_mode & 0o777 : 0
            }
            try bench.table.open(bench.app, Generation(1), [local])
            #expect(mode() == 0o600)
            let numbers = try bench.numbers(1)
            local.mode = 0o666
            try bench.table.open(bench.app, Generation(2), [local])
            #expect(mode() == 0o666)
            #expect(try bench.numbers(2) == numbers)
            bench.table.close(bench.app, Generation(1))
            bench.table.close(bench.app, Generation(2))
        }
    }

    @Test(arguments: [false, true])
    func `sockets get back the mode that their listener promises, once nobody else relies on it`(
        _ nonblocking: Bool
    ) throws {
        let bench = try Bench()
        var spec = web
        spec.nonblocking = nonblocking
        func isNonblocking(_ number: Int32) -> Bool { fcntl(number, F_GETFL) & O_NONBLOCK != 0 }
        try bench.table.open(bench.app, Generation(1), [spec])
        let number = try #require(try bench.numbers(1).first)
        #expect(isNonblocking(number) == nonblocking)
        // As a worker does to the open socket that it shares with us.
        func flip() { _ = fcntl(number, F_SETFL, nonblocking ? 0 : O_NONBLOCK) }
        flip()
        bench.table.restoreFlags(bench.app, Generation(1))
        #expect(isNonblocking(number) == nonblocking)
        try bench.table.open(bench.app, Generation(2), [spec])
        flip()
        bench.table.restoreFlags(bench.app, Generation(2))
        #expect(isNonblocking(number) != nonblocking)
        bench.table.close(bench.app, Generation(1))
        bench.table.restoreFlags(bench.app, Generation(2))
        #expect(isNonblocking(number) == nonblocking)
    }

    @Test func `inodes are those of the sockets`() throws {
        let bench = try Bench()
        try bench.table.open(bench.app, Generation(1), [web])
        let number = try #require(try bench.numbers(1).first)
        #expect(bench.table.inodes(bench.app, Generation(1)) == [try InheritedListener.inode(of: number)])
        #expect(bench.table.inodes(bench.app, Generation(2)).isEmpty)
    }

    @Test func `what is not known has nothing`() throws {
        let bench = try Bench()
        #expect(throws: SystemError.self) { try bench.numbers(1) }
        #expect(bench.table.addresses(bench.app, Generation(1)).isEmpty)
        bench.table.close(bench.app, Generation(1))
        try bench.table.open(bench.app, Generation(1), [])
        #expect(try bench.numbers(1).isEmpty)
        #expect(bench.opened.isEmpty && bench.closed.isEmpty)
    }
}
