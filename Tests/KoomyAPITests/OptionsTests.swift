import Glibc
import KoomyWorker
import Testing

@testable import koomy_api

struct OptionsTests {
    private func options(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Options {
        guard case .serve(let options) = try Invocation(arguments: arguments, environment: { environment[$0] }) else {
            throw UsageError(message: "shows something")
        }
        return options
    }

    @Test func `nothing is asked for by default`() throws {
        let options = try options([])
        #expect(options.listen.isEmpty)
        #expect(options.database == nil)
        #expect(!options.allowsFaults)
        #expect(options.drainLinger == .seconds(2))
    }

    @Test func `flags take their value from behind or beside them`() throws {
        let options = try options([
            "--listen", "127.0.0.1:0", "--listen=unix:/a", "--database=/db", "--version-label", "a=b", "--drain-linger",
            "500ms",
            "--check-timeout", "3s", "--minimum-disk", "1", "--dependency", "mail=tcp://[::1]:25,critical",
            "--dependency=x=tcp://h:1",
        ])
        #expect(options.listen == [.tcp(host: "127.0.0.1", port: 0), .unix(path: "/a")])
        #expect(options.database == "/db")
        #expect(options.versionLabel == "a=b")
        #expect(options.drainLinger == .milliseconds(500))
        #expect(options.checkTimeout == .seconds(3))
        #expect(options.minimumDisk == 1 << 20)
        #expect(options.dependencies.map(\.name) == ["mail", "x"])
        #expect(options.dependencies.map(\.isCritical) == [true, false])
    }

    @Test func `the environment fills in what the command line leaves open`() throws {
        let environment = [
            "PORT": "8080", "KOOMY_API_DATABASE": "/e", "GIT_SHA": "abc", "GIT_SOURCE": "ci",
            "STRIPE_WEBHOOK_SECRET": "s",
            "NODE_ENV": "production",
        ]
        let fromEnvironment = try options([], environment)
        #expect(fromEnvironment.listen == [.tcp(host: nil, port: 8080)])
        #expect(fromEnvironment.database == "/e")
        #expect(fromEnvironment.gitSHA == "abc")
        #expect(fromEnvironment.stripeSecret == "s")
        #expect(fromEnvironment.isProduction)
        let fromBoth = try options(["--listen", "1.2.3.4:5", "--database", "/c"], environment)
        #expect(fromBoth.listen == [.tcp(host: "1.2.3.4", port: 5)])
        #expect(fromBoth.database == "/c")
        #expect(
            try options([], ["STRIPE_WEBHOOK_SECRET": "", "KOOMY_API_DATABASE": "", "KOOMY_ENV": "production"])
                .stripeSecret == nil
        )
    }

    @Test(arguments: [
        (["--nonsense"], "unknown argument --nonsense"),
        (["serve"], "unknown argument serve"),
        (["--listen"], "--listen needs an address like tcp://127.0.0.1:5000"),
        (["--listen", "here"], "--listen needs an address like tcp://127.0.0.1:5000, not 'here'"),
        (["--drain-linger", "2"], "--drain-linger needs a time like 500ms or 2s, not '2'"),
        (["--dependency", "x=http://h:1"], "--dependency needs name=tcp://host:port[,critical], not 'x=http://h:1'"),
        (["--never-ready"], "--never-ready needs --allow-faults: it makes a bad version on purpose"),
        (["--ignore-term"], "--ignore-term needs --allow-faults: it makes a bad version on purpose"),
        (["--allow-faults=yes"], "--allow-faults takes no value"),
        (["--boot-delay-ms", "-1"], "--boot-delay-ms needs milliseconds, not '-1'"),
    ])
    func `a bad command line is refused with a sentence`(arguments: [String], message: String) {
        #expect(throws: UsageError(message: message)) { try options(arguments) }
    }

    @Test func `PORT has to be a port`() {
        #expect(throws: UsageError(message: "PORT=http is no port")) { try options([], ["PORT": "http"]) }
    }

    @Test func `the program exits with 64, and says why`() throws {
        let folder = try ScratchFolder()
        let program = try Child.product("koomy-api")
        let bad = try Child(program, ["--bad"], folder: folder, name: "bad")
        #expect(try bad.waitForEnd() == .exited(64))
        #expect(contents(of: bad.errors) == "koomy-api: unknown argument --bad\ntry koomy-api --help\n")
        let silent = try Child(program, folder: folder, name: "silent")
        #expect(try silent.waitForEnd() == .exited(64))
        #expect(contents(of: silent.errors).contains("neither --listen nor PORT"))
        let help = try Child(program, ["--help"], folder: folder, name: "help")
        #expect(try help.waitForEnd() == .exited(0))
        #expect(contents(of: help.output) == Program.help)
        let version = try Child(program, ["--version"], folder: folder, name: "version")
        #expect(try version.waitForEnd() == .exited(0))
        #expect(contents(of: version.output) == "koomy-api \(Program.version)\n")
    }

    @Test func `an address in use is exit 1 with a clear line`() throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        let child = try Child(
            try Child.product("koomy-api"),
            ["--listen", "127.0.0.1:\(listening.port)"],
            folder: folder
        )
        #expect(try child.waitForEnd() == .exited(1))
        #expect(
            contents(of: child.errors)
                == "koomy-api: cannot listen on tcp://127.0.0.1:\(listening.port): Address already in use\n"
        )
    }
}
