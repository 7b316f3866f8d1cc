import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Sockets that systemd opened for koomyd.
struct ActivatedSocketsTests {
    private let app = AppName("web")
    private let one = Generation(1)

    /// A socket that listens, as systemd would pass it.
    private func passed(_ address: ListenAddress, _ name: String) throws -> (PassedDescriptor, ListenAddress) {
        let socket = try ListeningSocket.open(ListenerSpec(name: name, address: address))
        let place = socket.address
        return (PassedDescriptor(name: name, descriptor: SharedDescriptor(socket.takeDescriptor())), place)
    }

    private func table(_ sockets: ActivatedSockets, opened: @escaping (String) -> Void = { _ in }) -> ListenerTable {
        ListenerTable(opened: { opened($1) }, closed: { _, _ in }, activated: sockets)
    }

    private func has(
        _ sockets: ActivatedSockets,
        _ address: ListenAddress,
        notOf others: Set<FileIdentity> = []
    ) -> Bool {
        if sockets.descriptor(at: address, notOf: others) != nil { true } else { false }
    }

    @Test(
        arguments: [(String, String)]([
            ("127.0.0.1", "127.0.0.1"), ("*", "*"), ("localhost", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"),
        ])
    )
    func `an app gets the socket that listens where it wants to`(_ host: String, _ boundTo: String) throws {
        let app = try #require(app)
        let (socket, address) = try passed(.tcp(host: boundTo, port: 0), "http")
        guard case .tcp(_, let port) = address else { return }
        let identity = FileIdentity(of: socket.descriptor.number)
        var told: [String] = []
        let table = table(ActivatedSockets([socket])) { told.append($0) }
        #expect(table.unwanted == ["http"])
        try table.open(app, one, [ListenerSpec(name: "web", address: .tcp(host: host, port: port), nonblocking: true)])
        let got = try #require(try table.descriptors(app, one, slot: 0).first?.descriptor)
        #expect(FileIdentity(of: got) == identity)
        #expect(socket.descriptor.descriptor.isNonblocking == true)
        #expect(table.unwanted.isEmpty)
        #expect(told.first?.contains("systemd passed") == true)
        // It stays open, and can be had again.
        table.close(app, one)
        #expect((try? Connection(to: .tcp(port))) != nil && table.unwanted == ["http"])
        try table.open(app, one, [ListenerSpec(name: "web", address: .tcp(host: host, port: port))])
        #expect(table.unwanted.isEmpty)
    }

    @Test func `another address is opened, and no two apps have one socket`() throws {
        let app = try #require(app)
        let other = try #require(AppName("other"))
        let (socket, address) = try passed(.tcp(host: "127.0.0.1", port: 0), "http")
        let table = table(ActivatedSockets([socket]))
        try table.open(app, one, [ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: 0))])
        #expect(table.unwanted == ["http"])
        try table.open(other, one, [ListenerSpec(name: "web", address: address)])
        #expect(table.unwanted.isEmpty)
        #expect(throws: SystemError.self) {
            try table.open(app, Generation(2), [ListenerSpec(name: "web", address: address)])
        }
    }

    @Test func `the file of a Unix socket stays`() throws {
        let app = try #require(app)
        try Workspace.with { workspace in
            let address = ListenAddress.unix(path: workspace("web.sock"))
            let (socket, _) = try passed(address, "web")
            let table = table(ActivatedSockets([socket]))
            try table.open(app, one, [ListenerSpec(name: "web", address: address)])
            table.close(app, one)
            #expect((try? Connection(to: .unix(workspace("web.sock")))) != nil)
        }
    }

    @Test func `a koomyd that follows in the same process has them too`() throws {
        let (socket, address) = try passed(.tcp(host: "127.0.0.1", port: 0), "http")
        let before = ActivatedSockets([socket])
        let pool = DescriptorPool()
        pool.add(SharedDescriptor(try socket.descriptor.descriptor.duplicate()))
        let after = ActivatedSockets(before.records, from: pool)
        #expect(after.records == before.records && pool.count == 0)
        #expect(!after.wereReset && before.wereReset)
        #expect(has(after, address))
        #expect(!has(after, address, notOf: Set(after.records.map(\.socket))))
    }

    @Test func `O_NONBLOCK is what it was for workers that live, whatever systemd has made of it`() throws {
        let app = try #require(app)
        let (socket, address) = try passed(.tcp(host: "127.0.0.1", port: 0), "http")
        let spec = ListenerSpec(name: "web", address: address)
        var records: [ListenerRecord] = []
        let before = ListenerTable(
            opened: { _, _ in },
            closed: { _, _ in },
            activated: ActivatedSockets([socket]),
            recorded: { records.append($0) }
        )
        try before.open(app, one, [spec])
        before.noteFlags()
        try socket.descriptor.descriptor.setNonblocking(true)
        before.noteFlags()
        let count = records.count
        before.noteFlags()
        #expect(records.count == count && records.last?.nonblocking == true)
        #expect(before.records.map(\.nonblocking) == [true])
        // As systemd does.
        try socket.descriptor.descriptor.setNonblocking(false)
        let after = table(ActivatedSockets([socket]))
        after.inherit(try #require(records.last), try socket.descriptor.descriptor.duplicate())
        try after.open(app, one, [spec])
        #expect(socket.descriptor.descriptor.isNonblocking == true)
    }

    @Test func `what does not listen is nobody's`() throws {
        let pipe = try Pipe().shared()
        let sockets = ActivatedSockets([PassedDescriptor(name: "fifo", descriptor: pipe.readEnd)])
        #expect(!has(sockets, .tcp(host: "127.0.0.1", port: 80)))
        #expect(sockets.names(notOf: []) == ["fifo"])
    }
}
