import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// How real servers are seen to wait for connections, and not to before they do.
///
/// Each is held up by a gate before it listens, so that both can be asked for.
struct ReadinessLookTests {
    /// Starts a Python server on the inherited socket and looks at it on both sides of the gate.
    private func expectSeen(_ serve: [String], nonblocking: Bool = false) throws {
        let gate = try Gate()
        let listener = try InheritedListener(nonblocking: nonblocking)
        let program = try listener.python(
            ["import os, signal, socket", "s = socket.socket(fileno=3)"] + gate.python + serve
        )
        try gate.waitForArrival()
        #expect(listener.look(at: program) == nil, "it has the socket and does not wait on it")
        try gate.open()
        try listener.expectAccepting(program)
    }

    @Test func `a blocking accept`() throws { try expectSeen(["s.setblocking(True)", "s.accept()"]) }

    @Test func `an accept in one thread of several`() throws {
        try expectSeen([
            "import threading", "for i in range(5): threading.Thread(target=signal.pause).start()",
            "s.setblocking(True)", "threading.Thread(target=s.accept).start()", "signal.pause()",
        ])
    }

    @Test func `an accept on a copy of the descriptor`() throws {
        try expectSeen(["d = socket.socket(fileno=os.dup(3))", "s.close()", "d.setblocking(True)", "d.accept()"])
    }

    @Test func `poll, alone and among others`() throws {
        try expectSeen(["import select", "p = select.poll()", "p.register(3, select.POLLIN)", "p.poll()"])
        try expectSeen([
            "import select", "p = select.poll()", "r, w = os.pipe()", "p.register(r, select.POLLIN)",
            "for i in range(200): p.register(os.dup(r), select.POLLIN)", "p.register(3, select.POLLIN)", "p.poll()",
        ])
    }

    @Test func `select, alone and above 64`() throws {
        try expectSeen(["import select", "select.select([3], [], [])"])
        try expectSeen([
            "import select, fcntl", "fd = fcntl.fcntl(3, fcntl.F_DUPFD, 200)", "select.select([fd], [], [])",
        ])
    }

    @Test func `epoll, level-triggered, edge-triggered and exclusive`() throws {
        for flags in ["select.EPOLLIN", "select.EPOLLIN | select.EPOLLET", "select.EPOLLIN | select.EPOLLEXCLUSIVE"] {
            try expectSeen(["import select", "e = select.epoll()", "e.register(3, \(flags))", "e.poll()"])
        }
    }

    @Test func `a timed accept, which polls`() throws { try expectSeen(["s.settimeout(100)", "s.accept()"]) }

    @Test func `Python's http server and asyncio`() throws {
        try expectSeen([
            "import http.server as h",
            "w = h.HTTPServer(('127.0.0.1', 0), h.BaseHTTPRequestHandler, bind_and_activate=False)", "w.socket = s",
            "w.serve_forever()",
        ])
        try expectSeen([
            "import asyncio", "async def main():", " w = await asyncio.start_server(lambda r, w: None, sock=s)",
            " await w.serve_forever()", "asyncio.run(main())",
        ])
    }

    @Test func `a child of the worker`() throws {
        try expectSeen(["if os.fork(): signal.pause()", "s.setblocking(True)", "s.accept()"])
    }

    @Test func `what waits on something else does not count`() throws {
        let listener = try InheritedListener()
        // The listener is in an epoll set for writing only, in a poll without events, in a select for exceptions.
        let program = try listener.python([
            "import os, select, signal, socket, threading", "s = socket.socket(fileno=3)", "e = select.epoll()",
            "e.register(3, select.EPOLLOUT)", "p = select.poll()", "p.register(3, 0)", "r, w = os.pipe()",
            "t = [lambda: e.poll(100), lambda: p.poll(100000), lambda: select.select([r], [], [3], 100),",
            "     lambda: os.read(r, 1)]", "for f in t: threading.Thread(target=f).start()", "signal.pause()",
        ])
        try eventually("all its threads sleep") { ProcFS.blockedCalls(of: program.pid)?.count == 5 }
        #expect(listener.look(at: program) == nil)
    }

    @Test func `one that has stopped to accept is not taken to`() throws {
        let listener = try InheritedListener()
        let program = try listener.python([
            "import select, signal", "e = select.epoll()", "e.register(3, select.EPOLLIN | select.EPOLLONESHOT)",
            "e.poll()", "signal.pause()",
        ])
        try listener.expectAccepting(program)
        let connection = try StreamSocket.connect(to: .loopback(port: listener.port))
        try eventually("the entry is disarmed") { listener.look(at: program) == nil }
        _ = consume connection
    }

    @Test(arguments: [0, 5, 100])
    func `of the sockets of its own only one that listens counts`(_ others: Int) throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let gate = try Gate()
        // More than a few sockets are looked up in the tables of the kernel, and not asked one by one.
        let program = try Program([
            "python3", "-c",
            """
            import os, signal, socket
            keep = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(\(others))]
            keep += socket.socketpair()
            bound = socket.socket(); bound.bind(('127.0.0.1', 0))
            \(gate.python.joined(separator: "\n"))
            bound.listen()
            open('\(workspace("port"))', 'w').write(str(bound.getsockname()[1]) + '\\n')
            signal.pause()
            """,
        ])
        try gate.waitForArrival()
        #expect(ReadinessObserver.look(at: program.tree, listeners: []) == nil)
        try gate.open()
        let port = try eventually("it listens") { Files.lines(of: workspace("port")).first.flatMap { UInt16($0) } }
        #expect(ReadinessObserver.look(at: program.tree, listeners: []) == .ownsListener(port: port))
    }

    @Test func `another app's listener does not count`() throws {
        let listener = try InheritedListener()
        let program = try listener.python(["import socket", "socket.socket(fileno=3).accept()"])
        try listener.expectAccepting(program)
        let other = try InheritedListener()
        #expect(ReadinessObserver.look(at: program.tree, listeners: [other.inode], ignoring: [listener.inode]) == nil)
        #expect(ReadinessObserver.look(at: [], listeners: [listener.inode]) == nil)
    }

    @Test func `a process that is gone, or never was, shows nothing`() throws {
        let listener = try InheritedListener()
        let program = try listener.start(["true"])
        try eventually("it has ended") { program.hasEnded }
        #expect(ReadinessObserver.look(at: [program.pid, 0, -5, .max], listeners: [listener.inode]) == nil)
    }
}

/// Servers as they are installed.
struct ReadinessOfServersTests {
    @Test(.needsNode) func `node on listen({fd})`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let listener = try InheritedListener()
        let script = """
            const fs = require('fs');
            fs.writeFileSync('\(workspace("up"))', '');
            const wait = setInterval(() => {
                if (!fs.existsSync('\(workspace("open"))')) return;
                clearInterval(wait);
                require('http').createServer((q, r) => r.end('ok')).listen({ fd: 3 });
            }, 5);
            """
        let node = try listener.start(["node", "-e", script])
        try eventually("node runs") { Files.exists(workspace("up")) }
        #expect(listener.look(at: node) == nil)
        try workspace.write("", to: "open")
        try listener.expectAccepting(node)
        #expect(try HTTP.get("/", from: .tcp(listener.port)).body == "ok")
    }

    @Test(.needsNode) func `node on a port of its own`() throws {
        let node = try Program(["node", "-e", "require('http').createServer().listen(0, '127.0.0.1')"])
        let found = try eventually("node listens") { ReadinessObserver.look(at: node.tree, listeners: []) }
        guard case .ownsListener(let port?) = found else {
            Issue.record("\(found)")
            return
        }
        let connection = try Connection(to: .tcp(port))
        _ = consume connection
        let inodes = Set((ProcFS.descriptorTargets(of: node.pid) ?? [:]).values.compactMap(ProcFS.socketInode))
        #expect(ReadinessObserver.look(at: node.tree, listeners: [], ignoring: inodes) == nil)
    }

    @Test(.needsGunicorn, arguments: ["sync", "gthread"])
    func `gunicorn is ready with its first worker, not with its master`(_ kind: String) throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let listener = try InheritedListener()
        let gate = try Gate()
        try workspace.write(
            """
            \(gate.python.joined(separator: "\n"))
            def app(environ, start):
                start('200 OK', [])
                return [b'ok']
            """,
            to: "wsgi.py"
        )
        let gunicorn = try listener.start(
            [
                "gunicorn", "--workers", "2", "--worker-class", kind, "--threads", "2", "--log-level", "error",
                "wsgi:app",
            ],
            folder: workspace.path
        )
        try gate.waitForArrival()
        #expect(listener.look(at: gunicorn) == nil)
        try gate.open()
        try listener.expectAccepting(gunicorn)
        #expect(try HTTP.get("/", from: .tcp(listener.port)).status == 200)
    }

    @Test(.enabled(if: Binaries.installed("nginx") != nil, "needs nginx"))
    func `nginx on an inherited listener and on one of its own`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let port = try FreePort.next()
        try workspace.write(
            """
            daemon off; pid \(workspace("pid")); error_log stderr crit; worker_processes 2;
            events { worker_connections 64; }
            http { access_log off; client_body_temp_path \(workspace("t1")); proxy_temp_path \(workspace("t2"));
                   fastcgi_temp_path \(workspace("t3")); uwsgi_temp_path \(workspace("t4"));
                   scgi_temp_path \(workspace("t5"));
                   server { listen 127.0.0.1:\(port); location / { return 204; } } }
            """,
            to: "nginx.conf"
        )
        let spec = ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: port))
        do {
            let socket = try ListeningSocket.open(spec)
            let inode = try InheritedListener.inode(of: socket.descriptor.number)
            // What nginx hands to itself when it is upgraded in place.
            let nginx = try Program(
                ["nginx", "-e", "stderr", "-p", workspace.path, "-c", workspace("nginx.conf")],
                environment: ["NGINX": "3;"],
                descriptors: [.init(socket.descriptor.number, as: 3)]
            )
            let found = try eventually("nginx accepts") {
                ReadinessObserver.look(at: nginx.tree, listeners: [inode])
            }
            #expect(found == .accepting)
        }
        let nginx = try Program(["nginx", "-e", "stderr", "-p", workspace.path, "-c", workspace("nginx.conf")])
        let found = try eventually("nginx listens") { ReadinessObserver.look(at: nginx.tree, listeners: []) }
        #expect(found == .ownsListener(port: port))
    }

    @Test(.enabled(if: Binaries.installed("socat") != nil, "needs socat"))
    func `socat on a port and on a Unix socket of its own`() throws {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        let port = try FreePort.next()
        for (address, expected) in [
            ("TCP-LISTEN:\(port),bind=127.0.0.1,fork", port), ("UNIX-LISTEN:\(workspace("own")),fork", nil),
        ] {
            let socat = try Program(["socat", address, "EXEC:true"])
            let found = try eventually("socat listens") { ReadinessObserver.look(at: socat.tree, listeners: []) }
            #expect(found == .ownsListener(port: expected))
        }
    }
}
