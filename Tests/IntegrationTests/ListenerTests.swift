import Glibc
import TestSupport
import Testing

/// The sockets that koomyd opens, and what it does when it cannot.
@Suite(.serialized) struct ListenerTests {
    @Test func `IPv4, IPv6 and Unix at once, each by its name`() throws {
        try Daemon.with { daemon in
            let socket = daemon.workspace("w.sock")
            let app = Ecosystem.worker(
                arguments: ["--report", daemon.workspace("report")],
                """
                listen:
                  - {name: four, address: "tcp://127.0.0.1:0"}
                  - {name: six, address: "tcp://[::1]:0"}
                  - {name: local, address: "unix:\(socket)", mode: "0600"}
                """
            )
            try daemon.start(Ecosystem.file(app))
            #expect(try HTTP.get("/health", from: .tcp(daemon.port(of: "worker", listener: 0))).status == 200)
            #expect(try HTTP.get("/health", from: .tcp6(daemon.port(of: "worker", listener: 1))).status == 200)
            #expect(try HTTP.get("/health", from: .unix(socket)).status == 200)
            let report = try JSON(parsing: Files.text(of: daemon.workspace("report")) ?? "")
            #expect(report.env.LISTEN_FDS.string == "3")
            #expect(report.env.LISTEN_FDNAMES.string == "four:six:local")
            #expect(report.env.LISTEN_PID.string == report.pid.int.map { "\($0)" })
            #expect(report.env.PORT.string == "\(try daemon.port(of: "worker"))")
            #expect(try mode(of: socket) == 0o600)
            try daemon.mustCtl("delete", "worker")
            #expect(!Files.exists(socket), "the file of a socket goes with its app")
        }
    }

    private func mode(of path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    @Test func `every address at once`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(listen: "0")))
            let port = try daemon.port(of: "api")
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
            #expect(try HTTP.get("/health", from: .tcp6(port)).status == 200)
        }
    }

    @Test func `the number of a socket stands in the arguments`() throws {
        try Daemon.with { daemon in
            let app = Ecosystem.worker(
                arguments: ["--report", daemon.workspace("report"), "{fd}", "--", "at={fd:b}", "slot={slot}"],
                "listen: [{name: a, port: 0}, {name: b, port: 0}]"
            )
            try daemon.start(Ecosystem.file(app))
            let report = try JSON(parsing: Files.text(of: daemon.workspace("report")) ?? "")
            #expect(report.arguments.array.suffix(4).map(\.string) == ["3", "--", "at=4", "slot=0"])
        }
    }

    @Test(arguments: LoadGenerator.Style.allCases)
    func `a socket for each slot stays open across generations`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            let port = try FreePort.next()
            try daemon.start(
                Ecosystem.file(
                    Ecosystem.api(instances: 3, #"listen: [{address: "tcp://127.0.0.1:\#(port)", reuseport: true}]"#)
                )
            )
            #expect(try listening(on: port).count == 3)
            let load = try LoadGenerator(
                "http://127.0.0.1:\(port)/work?ms=10",
                rate: 300,
                style: style,
                in: daemon.workspace
            )
            try load.waitFor(seconds: 0.5)
            let sockets = try listening(on: port)
            for _ in 1...3 {
                try daemon.mustCtl("reload", "api")
                #expect(try listening(on: port) == sockets)
            }
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
        }
    }

    @Test func `the socket of a slot goes with the slot`() throws {
        try Daemon.with { daemon in
            let port = try FreePort.next()
            let listen = #"listen: [{address: "tcp://127.0.0.1:\#(port)", reuseport: true}]"#
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 2, listen)))
            try daemon.mustCtl("scale", "api", "4")
            #expect(try listening(on: port).count == 4)
            try daemon.mustCtl("scale", "api", "1")
            #expect(try listening(on: port).count == 1)
            // Nobody is left in the group who does not accept.
            let load = try LoadGenerator(
                "http://127.0.0.1:\(port)/health",
                rate: 300,
                style: .connectionPerRequest,
                in: daemon.workspace
            )
            try load.waitFor(seconds: 1)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report)")
        }
    }

    /// Inodes of the sockets that listen on a TCP port (proc_net(5)).
    private func listening(on port: UInt16) throws -> Set<String> {
        let hex = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - hex.count) + hex
        return Set(
            Files.lines(of: "/proc/net/tcp").compactMap { line in
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[1].hasSuffix(suffix), fields[3] == "0A" else { return nil }
                return String(fields[9])
            }
        )
    }

    @Test func `an address in use is an error, and disturbs nothing`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let before = try daemon.app("api")
            let taken = try daemon.port(of: "api")
            let other = try Ecosystem.api(name: "other", listen: "tcp://127.0.0.1:\(taken)")
            let (result, report) = try underLoad(daemon) {
                try daemon.ctl("start", daemon.write(Ecosystem.file(other), to: "other.yaml"))
            }
            #expect(result.code != 0)
            let said = result.out + result.error
            #expect(said.contains("\(taken)") && said.lowercased().contains("in use"), "\(said)")
            #expect(report.failed == 0, "\(report)")
            #expect(try daemon.app("api").pids == before.pids)
        }
    }

    @Test func `an address that this machine does not have is an error`() throws {
        try Daemon.with { daemon in
            // TEST-NET-3 (RFC 5737).
            let app = try Ecosystem.api(listen: "tcp://203.0.113.1:0")
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect(result.code != 0)
            #expect((result.out + result.error).contains("203.0.113.1"), "\(result)")
            #expect(daemon.process.ended == nil)
        }
    }

    @Test(.needsOrdinaryUser) func `a port that is not permitted is an error`() throws {
        try Daemon.with { daemon in
            let app = try Ecosystem.api(listen: "tcp://127.0.0.1:1")
            let result = try daemon.ctl("start", daemon.write(Ecosystem.file(app)))
            #expect(result.code != 0)
            #expect((result.out + result.error).lowercased().contains("permission denied"), "\(result)")
        }
    }

    @Test func `a change to an address in use keeps the old one and all workers`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(name: "one"), Ecosystem.api(name: "two")))
            let taken = try daemon.port(of: "two")
            let port = try daemon.port(of: "one")
            let before = try daemon.app("one")
            let changed = try Ecosystem.api(name: "one", listen: "tcp://127.0.0.1:\(taken)")
            #expect(try daemon.ctl("reload", daemon.write(Ecosystem.file(changed))).code != 0)
            #expect(try HTTP.get("/health", from: .tcp(port)).status == 200)
            #expect(try daemon.app("one").readyPids == before.readyPids)
        }
    }

    @Test func `a Unix socket that nobody listens on any more is taken over`() throws {
        try Daemon.with { daemon in
            let socket = daemon.workspace("s.sock")
            _ = try Command.run(["python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('\(socket)')"])
            #expect(Files.exists(socket))
            try daemon.start(Ecosystem.file(Ecosystem.api(listen: "unix:\(socket)")))
            #expect(try HTTP.get("/health", from: .unix(socket)).status == 200)
        }
    }

    @Test func `a Unix socket that somebody listens on, and a file that is none, are refused`() throws {
        try Daemon.with { daemon in
            let socket = daemon.workspace("s.sock")
            try daemon.start(Ecosystem.file(Ecosystem.api(name: "first", listen: "unix:\(socket)")))
            let second = try Ecosystem.api(name: "second", listen: "unix:\(socket)")
            #expect(try daemon.ctl("start", daemon.write(Ecosystem.file(second))).code != 0)
            #expect(try HTTP.get("/health", from: .unix(socket)).status == 200)

            let precious = try daemon.workspace.write("precious", to: "file")
            let third = try Ecosystem.api(name: "third", listen: "unix:\(precious)")
            #expect(try daemon.ctl("start", daemon.write(Ecosystem.file(third))).code != 0)
            #expect(Files.text(of: precious) == "precious")
        }
    }
}
