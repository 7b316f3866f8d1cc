import KoomyModel
import KoomyWire
import Testing

@testable import koomyctl

@Suite struct ArgumentParserTests {
    private func parse(_ line: String) throws -> Invocation {
        try ArgumentParser.parse(line.split(separator: " ").map(String.init))
    }

    private func action(_ line: String) throws -> Action { try parse(line).action }

    private let api = AppName("api")

    @Test func `files and apps are left as they were typed`() throws {
        #expect(try action("start ./api.json web") == .start(words: ["./api.json", "web"], only: nil))
        #expect(try action("start a.yaml --only api,web") == .start(words: ["a.yaml"], only: ["api", "web"]))
        #expect(try action("reload") == .reload(words: []))
        #expect(try action("reload api:0 b.yml") == .reload(words: ["api:0", "b.yml"]))
    }

    @Test func `targets are names, slots and all`() throws {
        let api = try #require(api)
        #expect(try action("stop api") == .stop([.app(api)]))
        #expect(try action("restart api:1 all") == .restart([.worker(api, slot: 1), .all]))
        #expect(try action("delete api") == .delete([.app(api)]))
        #expect(try action("reset all") == .reset([.all]))
        #expect(try action("reload --abort") == .abort([.all]))
        #expect(try action("reload api --abort") == .abort([.app(api)]))
    }

    @Test(arguments: [
        ("ls", "status"), ("list", "status"), ("l", "status"), ("ps", "status"), ("del api", "delete api"),
        ("show api", "describe api"), ("info api", "describe api"), ("log api", "logs api"),
    ])
    func `aliases mean what they are aliases of`(alias: String, name: String) throws {
        #expect(try action(alias) == action(name))
    }

    @Test func `a number of workers may be relative`() throws {
        let api = try #require(api)
        for text in ["4", "0", "+1", "-1", "-12"] {
            #expect(try action("scale api \(text)") == .scale(api, instances: text))
        }
    }

    @Test func `options may stand anywhere`() throws {
        let expected = try parse("logs api -f -n 5 --json")
        for line in [
            "--json logs api -n 5 -f", "-f -n5 logs --json api", "logs -fn 5 api --json",
            "logs api --follow --lines=5 --json",
            "--lines 5 logs -f --json -- api", "logs -n=5 -f api --json",
        ] {
            #expect(try parse(line) == expected, "\(line)")
        }
        #expect(expected.options.json)
        guard case .logs(let request) = expected.action else {
            Issue.record("\(expected)")
            return
        }
        #expect(request.lines == 5 && request.follow && request.streams == [.out, .err])
    }

    @Test func `what verify is to do`() throws {
        let api = try #require(api)
        #expect(try action("verify api") == .verify(VerifyRequest(app: api)))
        var request = VerifyRequest(app: api)
        request.path = "/x?y=1"
        request.rate = 200
        request.style = .keepAlive
        request.duration = .seconds(5)
        request.method = .HEAD
        request.slow = .milliseconds(250)
        let line =
            "verify --path /x?y=1 --rate 200 --connections keep-alive --duration 5 --method HEAD --slow 250ms api"
        #expect(try action(line) == .verify(request))
    }

    @Test(arguments: [
        "verify", "verify a b", "verify a:1", "verify a --path x", "verify a --rate 0", "verify a --rate 9999",
        "verify a --connections none", "verify a --method POST", "verify a --duration soon", "verify a --slow 0",
        "verify a --follow", "status --rate 5",
    ])
    func `what verify cannot do is refused`(line: String) {
        #expect(throws: UsageError.self) { try action(line) }
    }

    @Test func `streams of logs are chosen`() throws {
        func streams(_ line: String) throws -> [LogsRequest.Stream] {
            guard case .logs(let request) = try action(line) else { return [] }
            return request.streams
        }
        #expect(try streams("logs") == [.out, .err])
        #expect(try streams("logs --out") == [.out])
        #expect(try streams("logs --err") == [.err])
        #expect(try streams("logs --err --out") == [.out, .err])
    }

    @Test func `after two dashes nothing is an option`() throws {
        #expect(try action("start -- --json") == .start(words: ["--json"], only: nil))
        #expect(try action("start -- -- x") == .start(words: ["--", "x"], only: nil))
    }

    @Test func `options of every command`() throws {
        let options = try parse("status -q --no-color --socket /x --timeout 1m30s").options
        #expect(options.quiet && options.noColor && !options.json)
        #expect(options.socketPath == "/x")
        #expect(options.timeout == .seconds(90))
        #expect(try parse("status --timeout 5").options.timeout == .seconds(5))
        #expect(try parse("status --socket=a=b").options.socketPath == "a=b")
    }

    @Test func `the last of two values counts`() throws {
        #expect(try parse("status --socket /a --socket /b").options.socketPath == "/b")
    }

    @Test func `queries and the daemon`() throws {
        let api = try #require(api)
        #expect(try action("status") == .status([]))
        #expect(try action("status api") == .status([api]))
        #expect(try action("status api all") == .status([]))
        #expect(try action("describe api") == .describe([api]))
        #expect(try action("describe all") == .describe([]))
        #expect(try action("events -f --since 7") == .events(follow: true, since: 7))
        #expect(try action("events") == .events(follow: false, since: nil))
        #expect(try action("validate a.yaml") == .validate(file: "a.yaml"))
        #expect(try action("doctor") == .doctor)
        #expect(try action("daemon start") == .daemon(.start))
        #expect(try action("daemon status") == .daemon(.status))
    }

    @Test func `what becomes of workers when koomyd stops, and of koomyd in an upgrade, are options`() throws {
        #expect(try action("daemon stop") == .daemon(.stop(leavesWorkers: false)))
        #expect(try action("daemon stop --leave-workers") == .daemon(.stop(leavesWorkers: true)))
        #expect(try action("daemon upgrade") == .daemon(.upgrade(binary: nil)))
        #expect(try action("daemon --binary ./koomyd upgrade") == .daemon(.upgrade(binary: "./koomyd")))
    }

    @Test func `help and version are asked for in several ways`() throws {
        #expect(try action("help") == .help(nil))
        #expect(try action("--help") == .help(nil))
        #expect(try action("help logs") == .help(.logs))
        #expect(try action("help ls") == .help(.status))
        #expect(try action("version") == .version)
        #expect(try action("--version") == .version)
        #expect(try action("-V") == .version)
    }

    @Test(arguments: CommandName.allCases)
    func `every command explains itself, whatever else is said`(command: CommandName) throws {
        #expect(try action("\(command.rawValue) --help") == .help(command))
        #expect(try action("-h \(command.rawValue) some thing") == .help(command))
    }
}
