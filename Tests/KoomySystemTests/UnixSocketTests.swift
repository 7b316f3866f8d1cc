import CKoomyLinux
import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Listening on a path", .timeLimit(.minutes(1)))
struct UnixSocketTests {
    let scratch: Scratch
    var path: String { scratch("app.sock") }

    init() throws { scratch = try Scratch() }

    private func spec(_ change: (inout ListenerSpec) -> Void = { _ in }) -> ListenerSpec {
        var spec = ListenerSpec(name: "local", address: .unix(path: path), backlog: 16)
        change(&spec)
        return spec
    }

    private func error(_ spec: ListenerSpec) -> SystemError? {
        systemError { () throws(SystemError) in _ = try ListeningSocket.open(spec).address }
    }

    private func status(_ path: String) throws -> koomy_file_status {
        var status = koomy_file_status()
        try check(koomy_status_at(path, 0, &status), "stat", path)
        return status
    }

    @Test
    func `a connection is accepted and says who made it`() throws {
        let listener = try ListeningSocket.open(spec())
        #expect(listener.address == .unix(path: path))
        let client = try StreamSocket.connectAndWait(to: .unix(path: path))
        let server = try #require(try accepted(by: listener.descriptor.number))
        let peer = try PeerCredentials(of: server.number)
        #expect(peer.pid == ThisProcess.id)
        #expect(peer.userID == ThisProcess.userID)
        #expect(peer.groupID == ThisProcess.groupID)
        // Linux 6.5 and later.
        if let pidfd = Pidfd.peer(of: server.number, pid: peer.pid) { #expect(pidfd.pid == ThisProcess.id) }
        _ = client.number
    }

    @Test
    func `a file that a dead process left behind is replaced`() throws {
        _ = try ListeningSocket.open(spec()).address
        #expect(FileIdentity(at: path) != nil)
        let listener = try ListeningSocket.open(spec())
        _ = try StreamSocket.connectAndWait(to: listener.address).number
    }

    @Test
    func `a socket on which somebody listens is left alone`() throws {
        let first = try ListeningSocket.open(spec())
        let error = error(spec())
        #expect(error?.errno == .addressInUse)
        #expect(error?.hint?.contains("living") == true)
        _ = try StreamSocket.connectAndWait(to: first.address).number
    }

    @Test
    func `a full queue is not taken for a dead process`() throws {
        let listener = try ListeningSocket.open(spec { $0.backlog = 0 })
        let client = try StreamSocket.connectAndWait(to: listener.address)
        #expect(error(spec())?.errno == .addressInUse)
        _ = client.number
    }

    @Test
    func `a file that is no socket is left alone`() throws {
        try scratch.file("app.sock", "precious")
        let error = error(spec())
        #expect(error?.errno == .fileExists)
        #expect(try WholeFile.read(path) == Array("precious".utf8))
    }

    @Test
    func `a folder that is missing is named`() {
        let path = scratch("missing/app.sock")
        let error = error(spec { $0.address = .unix(path: path) })
        #expect(error?.errno == .noSuchFile)
        #expect(error?.subject == path)
    }

    @Test
    func `a path that is too long says how long it may be`() {
        let error = error(spec { $0.address = .unix(path: "/tmp/" + String(repeating: "x", count: 103)) })
        #expect(error?.errno == .nameTooLong)
        #expect(error?.hint?.contains("107") == true)
        #expect(error?.hint?.contains("108") == true)
    }

    @Test
    func `the longest path works`() throws {
        let name = String(repeating: "x", count: 107 - scratch.path.utf8.count - 1)
        let listener = try ListeningSocket.open(spec { $0.address = .unix(path: scratch(name)) })
        #expect(listener.address == .unix(path: scratch(name)))
        _ = try StreamSocket.connectAndWait(to: listener.address).number
    }

    @Test(arguments: [0o600, 0o660, 0o666, 0o770] as [UInt32])
    func `the file has the mode that was asked for, whatever the umask`(mode: UInt32) throws {
        _ = try ListeningSocket.open(spec { $0.mode = mode }).address
        #expect(try status(path).mode & 0o7777 == mode)
    }

    @Test(.enabled(if: Machine.isRoot, "needs root"))
    func `the file has the owner that was asked for`() throws {
        _ = try ListeningSocket.open(
            spec {
                $0.user = "nobody"
                $0.group = "1"
            }
        ).address
        let status = try status(path)
        #expect(status.uid == 65_534)
        #expect(status.gid == 1)
        #expect(status.mode & 0o777 == 0o660)
    }

    @Test
    func `an unknown owner is refused before anything is made`() {
        let error = error(spec { $0.user = "no-such-user" })
        #expect(error?.errno == .noSuchFile)
        #expect(error?.subject == "no-such-user")
        #expect(FileIdentity(at: path) == nil)
    }

    @Test
    func `a file that cannot be given away is not left behind`() async {
        await #expect(processExitsWith: .success) {
            if Machine.isRoot { try #require(setuid(65_534) == 0) }
            let path = "/tmp/koomy-owner-\(ThisProcess.id).sock"
            var spec = ListenerSpec(name: "local", address: .unix(path: path))
            spec.user = "root"
            let error = systemError { () throws(SystemError) in _ = try ListeningSocket.open(spec).address }
            #expect(error?.errno == .notPermitted)
            #expect(FileIdentity(at: path) == nil)
        }
    }

    @Test
    func `only the socket's own file is removed`() throws {
        let first = try ListeningSocket.open(spec())
        unlink(path)
        let second = try ListeningSocket.open(spec())
        first.removeFile()
        #expect(FileIdentity(at: path) != nil)
        second.removeFile()
        #expect(FileIdentity(at: path) == nil)
    }

    @Test
    func `connecting to nobody is refused`() {
        let error = systemError { () throws(SystemError) in
            _ = try StreamSocket.connectAndWait(to: .unix(path: path)).number
        }
        #expect(error?.errno == .noSuchFile)
        #expect(error?.subject == "unix:\(path)")
    }
}
