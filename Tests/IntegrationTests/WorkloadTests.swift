import TestSupport
import Testing

/// The deployments that koomy was built for: the ecosystem files of the project, each deployed and rolled back with real
/// programs under load.
@Suite(.serialized) struct WorkloadTests {
    /// A node program that answers every path with its version, on descriptors or on a port of its own.
    private static let server = """
        'use strict';
        const http = require('node:http');
        const net = require('node:net');
        const option = (name) => process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : null;
        const version = require('node:fs').readFileSync(`${__dirname}/VERSION`, 'utf8').trim();
        const answer = (request, response) => {
          response.writeHead(200, { 'Content-Type': 'application/json', Connection: 'close' });
          response.end(JSON.stringify({ status: 'ok', version }));
        };
        const main = http.createServer(answer);
        const listen = (server, fd, then) => server.listen(fd === null ? Number(process.env.PORT) : { fd }, then);
        const ready = () => process.send?.('ready');
        listen(main, option('--listen-fd'), () => {
          const probe = option('--probe-fd');
          probe === null ? ready() : http.createServer(answer).listen({ fd: probe }, ready);
        });
        for (const signal of ['SIGTERM', 'SIGQUIT']) {
          process.on(signal, () => net.Server.prototype.close.call(main, () => process.exit(0)));
        }

        """

    private struct Host {
        let daemon: Daemon
        /// What the file says.
        let text: String

        private var files: Workspace { daemon.workspace }

        func write(_ app: String, _ version: String, script: String, server: String) throws {
            try files.write(server, to: "code/\(app)/\(script)", executable: true)
            try files.write("\(version)\n", to: "code/\(app)/VERSION")
            try files.write(text, to: "ecosystem.yaml")
        }

        func deploy(_ app: String, line: UInt = #line) throws {
            try daemon.mustCtl("deploy", app, "code/\(app)", "--file", "ecosystem.yaml", line: line)
        }

        func version(of app: String, port: UInt16? = nil) throws -> String? {
            let answer = try HTTP.get("/api/health", from: .tcp(port ?? daemon.port(of: app)))
            let json = try JSON(parsing: answer.body)
            return json.git.sha.string ?? json.version.string
        }
    }

    private static func file(_ name: String, _ changes: [(String, String)]) throws -> String {
        var text = try #require(Files.text(of: Fixture.project("ecosystem/\(name).yaml")))
        for (old, new) in changes {
            #expect(text.contains(old), "\(name) has no \(old)")
            text = text.replacing(old, with: new)
        }
        return text
    }

    /// Two versions, and back to the first, under load: no request fails.
    private func deploysAndGoesBack(_ host: Host, _ app: String, _ path: String, script: String, server: String) throws
    {
        try host.write(app, "one", script: script, server: server)
        try host.deploy(app)
        #expect(try host.version(of: app) == "one")
        let (_, report) = try underLoad(host.daemon, on: app, path: path, rate: 100) {
            try host.write(app, "two", script: script, server: server)
            try host.deploy(app)
            #expect(try host.version(of: app) == "two")
            try host.daemon.mustCtl("rollback", app)
            #expect(try host.version(of: app) == "one")
        }
        #expect(report.failed == 0 && report.begun > 200, "\(report)")
    }

    @Test(.needsNode) func `one API on a small machine, in node`() throws {
        try Daemon.with { daemon in
            let root = daemon.workspace("srv")
            let changes = [
                (
                    "cwd: ..",
                    "cwd: \(root)/current\n    deploy: {path: \(root), rehearse: {paths: [/health, /api/health]}}"
                ),
                (
                    ".build/release/koomy-api",
                    "./server.js\n    args: [\"--listen-fd\", \"{fd}\", \"--probe-fd\", \"{probe_fd}\"]"
                ),
                ("listen: 5000", "listen: tcp://127.0.0.1:0"), ("ready: notify", "ready: ipc"),
            ]
            let host = Host(daemon: daemon, text: try Self.file("koomy-api", changes))
            try deploysAndGoesBack(host, "koomy-api", "/health", script: "server.js", server: Self.server)
        }
    }

    @Test(.needsNode) func `three services, each on its own, while the others are served`() throws {
        try Daemon.with { daemon in
            let port = try FreePort.next()
            let changes = [
                ("/srv/lumira", daemon.workspace("srv")), ("listen: 3000", "listen: tcp://127.0.0.1:0"),
                ("port: 3002, name: http", "address: \"tcp://127.0.0.1:0\", name: http"),
                ("instances: max", "instances: 2"),
                ("script: /usr/sbin/nginx", "script: ./server.js"),
                ("    args: [\"-p\", \".\", \"-c\", \"nginx.conf\", \"-g\", \"daemon off;\"]\n", ""),
                ("port: 3001\n", "port: \(port)\n"), ("port: 3001,", "port: \(port),"),
            ]
            let host = Host(daemon: daemon, text: try Self.file("lumira", changes))
            for app in ["main-app", "expert-desk", "api-backend"] {
                try host.write(app, "one", script: "server.js", server: Self.server)
            }
            try host.deploy("main-app")
            try host.deploy("expert-desk")
            #expect(try host.version(of: "expert-desk", port: port) == "one")
            let others = try daemon.load(on: "main-app", path: "/api/ready", rate: 50, name: "others")
            try others.waitFor(seconds: 0.2)
            try deploysAndGoesBack(host, "api-backend", "/api/ready", script: "server.js", server: Self.server)
            try host.write("expert-desk", "two", script: "server.js", server: Self.server)
            try host.deploy("expert-desk")
            #expect(try host.version(of: "expert-desk", port: port) == "two")
            try daemon.mustCtl("rollback", "expert-desk")
            #expect(try host.version(of: "expert-desk", port: port) == "one")
            let report = try others.finish()
            #expect(report.failed == 0 && report.begun > 100, "\(report)")
            #expect(try daemon.app("main-app").generation == 1)
        }
    }

    @Test func `four workers of a compiled server`() throws {
        try Daemon.with { daemon in
            let changes = [
                ("/srv/koprogo", daemon.workspace("srv")), ("address: \"127.0.0.1:8080\"", "address: \"127.0.0.1:0\""),
                ("/api/v1/health", "/health"), ("nofile: 65536", "nofile: 1024"),
                ("healthy_time: 5s", "healthy_time: 500ms"),
            ]
            let host = Host(daemon: daemon, text: try Self.file("koprogo", changes))
            let server = "#!/bin/sh\nGIT_SHA=$(cat VERSION) exec '\(try Binaries.path("koomy-api"))' \"$@\"\n"
            try deploysAndGoesBack(host, "koprogo-backend", "/health", script: "koprogo-api", server: server)
        }
    }
}
