import TestSupport
import Testing

/// The ecosystem files of the project, with the code that they are for, brought live as their operators do it.
@Suite(.serialized) struct WorkloadDeployTests {
    /// A node program that does what `ecosystem/romuo-vtc.yaml` expects of it.
    private static let server = """
        'use strict';
        const http = require('node:http');
        const net = require('node:net');
        const option = (name) => Number(process.argv[process.argv.indexOf(name) + 1]);
        const answer = (request, response) => {
          const isWell = process.env.VERSION_IS_BAD === undefined;
          response.writeHead(isWell ? 200 : 503, { 'Content-Type': 'application/json', Connection: 'close' });
          response.end(JSON.stringify({ status: isWell ? 'ok' : 'bad', version: require('./package.json').version }));
        };
        const main = http.createServer(answer);
        const probe = http.createServer(answer);
        main.listen({ fd: option('--fd') }, () => probe.listen({ fd: option('--probe-fd') }, () => process.send('ready')));
        process.on('SIGTERM', () => {
          console.log('leaving');
          net.Server.prototype.close.call(main, () => process.exit(0));
        });

        """

    private func write(_ version: String, in files: Workspace, lines: String = "") throws {
        try files.write(lines + Self.server, to: "app/server.js")
        let package = #"{"name":"romuo-vtc","version":"\#(version)"}"#
        try files.write(package, to: "app/package.json")
        let lock = #"{"name":"romuo-vtc","version":"\#(version)","lockfileVersion":3,"packages":{"":\#(package)}}"#
        try files.write(lock, to: "app/package-lock.json")
        let text = try #require(Files.text(of: Fixture.project("ecosystem/romuo-vtc.yaml")))
        let own = text.replacing("/srv/romuo-vtc", with: files("srv")).replacing(
            "listen: 3000",
            with: "listen: tcp://127.0.0.1:0"
        )
        try files.write(own, to: "app/ecosystem/romuo-vtc.yaml")
        let git = ["git", "-C", files("app"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
        for words in [["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", version]] {
            #expect(try Command.run(git + words).code == 0)
        }
    }

    @Test(.needsNode) func `an app that came from PM2, by git pull and the script`() throws {
        try Daemon.with { daemon in
            let files = daemon.workspace
            func deploy() throws -> Command.Result {
                try Command.run(
                    [Fixture.project("scripts/deploy.sh"), "-f", "ecosystem/romuo-vtc.yaml"],
                    environment: baseEnvironment(home: files("home")).merging(["KOOMY_HOME": daemon.home]) { $1 },
                    folder: files("app")
                )
            }
            func version() throws -> String? {
                let answer = try HTTP.get("/health", from: .tcp(daemon.port(of: "romuo-vtc")))
                return try JSON(parsing: answer.body).version.string
            }
            try files.write("", to: "srv/logs/out.log")
            try write("1.0.0", in: files)
            let first = try deploy()
            #expect(first.code == 0 && first.out.contains("2 of 2 workers ready"), "\(first)")
            #expect(try version() == "1.0.0")
            let (_, report) = try underLoad(daemon, on: "romuo-vtc", path: "/health", rate: 50) {
                try write("1.1.0", in: files)
                let second = try deploy()
                #expect(second.code == 0, "\(second)")
                #expect(try version() == "1.1.0")

                try write("1.2.0", in: files, lines: "process.env.VERSION_IS_BAD = '1';\n")
                let third = try deploy()
                #expect([4, 6].contains(third.code), "\(third)")
                #expect(try version() == "1.1.0")

                try daemon.mustCtl("rollback", "romuo-vtc")
                #expect(try version() == "1.0.0")
            }
            #expect(report.failed == 0 && report.begun > 100, "\(report)")
            let log = Files.lines(of: files("srv/logs/out.log"))
            #expect(log.count { $0.hasSuffix("| leaving") || $0.hasSuffix(": leaving") } >= 4, "\(log)")
        }
    }
}
