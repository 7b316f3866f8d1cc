import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

private let done = CommandResult(
    .done,
    message: "all done",
    apps: [AppResult(app: "api", .done, message: "2 workers are ready")]
)

private func answering(_ result: CommandResult, _ progress: [CommandProgress] = []) -> ScriptedDaemon.Script {
    { request in request.method == "POST" ? .stream(progress, result) : .answer(Samples.status) }
}

@Suite struct ChangeRunTests {
    @Test(arguments: [
        (["stop", "api"], #"POST /v1/stop {"targets":["api"]}"#),
        (["restart", "api:1", "web"], #"POST /v1/restart {"targets":["api:1","web"]}"#),
        (["reload"], "POST /v1/reload {}"), (["reload", "api"], #"POST /v1/reload {"targets":["api"]}"#),
        (["reload", "--abort"], #"POST /v1/abort {"targets":["all"]}"#),
        (["reload", "web", "--abort"], #"POST /v1/abort {"targets":["web"]}"#),
        (["scale", "api", "-1"], #"POST /v1/scale {"app":"api","instances":"-1"}"#),
        (["delete", "all"], #"POST /v1/delete {"targets":["all"]}"#),
        (["reset", "web"], #"POST /v1/reset {"targets":["web"]}"#),
        (["start", "api"], #"POST /v1/start {"targets":["api"]}"#),
        (["rollback", "api"], #"POST /v1/rollback {"app":"api"}"#),
        (["rollback", "api", "7"], #"POST /v1/rollback {"app":"api","to":"7"}"#),
        (["pause", "api"], #"POST /v1/pause {"targets":["api"]}"#),
        (["resume", "api", "web"], #"POST /v1/resume {"targets":["api","web"]}"#),
        (["promote", "api"], #"POST /v1/promote {"targets":["api"]}"#),
        (["abort", "api"], #"POST /v1/abort {"targets":["api"]}"#),
    ])
    func `each command asks for what it says`(arguments: [String], request: String) throws {
        let (run, requests) = try koomyctl(arguments, script: answering(done))
        #expect(run.code == 0 && run.out == "api: 2 workers are ready\n" && run.error.isEmpty, "\(run)")
        #expect(requests == [request])
    }

    @Test func `progress goes beside the result`() throws {
        let news = [CommandProgress(app: "api", slot: 0, message: "starting"), CommandProgress(message: "almost")]
        let (run, _) = try koomyctl(["restart", "api"], script: answering(done, news))
        #expect(run.out == "api: 2 workers are ready\n", "\(run)")
        #expect(run.error == "api:0: starting\nalmost\n", "\(run)")
        let quiet = try koomyctl(["restart", "api", "-q"], script: answering(done, news)).run
        #expect(quiet.code == 0 && quiet.out.isEmpty && quiet.error.isEmpty, "\(quiet)")
    }

    @Test func `as JSON the lines are those of the daemon`() throws {
        let (run, _) = try koomyctl(
            ["restart", "api", "--json"],
            script: answering(done, [CommandProgress(message: "x")])
        )
        let lines = run.out.split(separator: "\n")
        #expect(lines.first == #"{"message":"x","type":"progress"}"#)
        #expect(
            try lines.last.map { try WireCoding.decode(CommandMessage.self, from: Array($0.utf8)) } == .result(done)
        )
        #expect(lines.count == 2 && run.error.isEmpty, "\(run)")
    }

    @Test(arguments: Outcome.allCases)
    func `a result's code is the exit code`(outcome: Outcome) throws {
        let result = CommandResult(outcome, message: "so it is")
        let (run, _) = try koomyctl(["reload", "api"], script: answering(result))
        #expect(run.code == outcome.exitCode.rawValue, "\(run)")
        let json = try koomyctl(["reload", "api", "--json"], script: answering(result)).run
        #expect(json.code == outcome.exitCode.rawValue && json.error.isEmpty, "\(json)")
    }

    @Test func `a code of a later version is passed on`() throws {
        let result = CommandResult(code: 42, outcome: "eaten_by_a_grue", message: "dark")
        let (run, _) = try koomyctl(["reload"], script: answering(result))
        #expect(run.code == 42 && run.error == "reload failed: dark\n", "\(run)")
    }

    @Test func `a failed reload says what failed, why, what still runs, and what next`() throws {
        let result = CommandResult(
            .workerFailed,
            message: "the new version of api does not start",
            apps: [AppResult(app: "api", .workerFailed, message: "worker 0 ended before it was ready: exit code 1")]
        )
        let (run, requests) = try koomyctl(["reload", "api"], script: answering(result))
        #expect(run.code == 4 && run.out.isEmpty, "\(run)")
        #expect(
            run.error == """
                reload failed: the new version of api does not start
                  api: worker_failed: worker 0 ended before it was ready: exit code 1
                  still running: api with 2 of 2 workers ready, generation 3
                next: koomyctl logs api --err

                """
        )
        #expect(requests == [#"POST /v1/reload {"targets":["api"]}"#, "GET /v1/status"])
    }

    @Test func `an app that is not known is guessed`() throws {
        let script: ScriptedDaemon.Script = { request in
            request.method == "POST"
                ? .refusal(ErrorView(.noSuchApp, message: "no app is named aip")) : .answer(Samples.status)
        }
        let (run, _) = try koomyctl(["stop", "aip:0"], script: script)
        #expect(run.code == 2 && run.error.contains("did you mean api?"), "\(run)")
    }

    @Test func `a broken file's problems are shown where they are`() throws {
        try Workspace.with { files in
            let path = try files.write("{}", to: "a.json")
            let diagnostic = DiagnosticView(file: path, line: 1, column: 1, message: "no apps", severity: "error")
            let error = ErrorView(.badConfiguration, message: "\(path) is not valid", diagnostics: [diagnostic])
            let (run, _) = try koomyctl(["reload", path]) { request in
                request.method == "POST" ? .refusal(error) : .answer(Samples.status)
            }
            #expect(run.code == 65 && run.error.contains("\(path):1:1: error: no apps"), "\(run)")
        }
    }
}

@Suite struct StartRunTests {
    @Test func `a file is sent by its absolute path`() throws {
        try Workspace.with { files in
            try files.write("{}", to: "sub/a.json")
            try files.write("{}", to: "plain")
            let folder = Files.target(ofLink: "/proc/self/cwd").map { _ in files.path } ?? files.path
            for (word, path) in [
                ("sub/a.json", "\(folder)/sub/a.json"), ("./sub/a.json", "\(folder)/sub/a.json"),
                ("plain", "\(folder)/plain"),
                (files("plain"), files("plain")),
            ] {
                let (run, requests) = try koomyctl(["start", word], folder: folder, script: answering(done))
                #expect(run.code == 0, "\(run)")
                #expect(requests.last == "POST /v1/start {\"file\":\"\(path)\"}")
            }
            let only = try koomyctl(["start", "plain", "--only", "a,b"], folder: folder, script: answering(done))
            #expect(only.requests.last?.hasSuffix(#""only":["a","b"]}"#) == true)
        }
    }

    @Test func `where an app and a file have the same name the app is meant`() throws {
        try Workspace.with { files in
            try files.write("{}", to: "api")
            let (run, requests) = try koomyctl(["start", "api"], folder: files.path, script: answering(done))
            #expect(run.code == 0 && run.error.contains("api is an app and a file here"), "\(run)")
            #expect(requests.last == #"POST /v1/start {"targets":["api"]}"#)
        }
    }

    @Test func `a file that is not there is said to be missing`() throws {
        let (run, requests) = try koomyctl(["start", "./nowhere.json"], script: answering(done))
        #expect(run.code == 65 && run.error.contains("./nowhere.json is not there"), "\(run)")
        #expect(requests.isEmpty)
        let folder = try koomyctl(["reload", "/tmp/"], script: answering(done)).run
        #expect(folder.code == 65 && folder.error.contains("not a regular file"), "\(folder)")
    }

    @Test func `files and apps may be mixed, and the first failure's code counts`() throws {
        try Workspace.with { files in
            let path = try files.write("{}", to: "a.json")
            let script: ScriptedDaemon.Script = { request in
                let isFile = request.text.contains("\"file\"")
                return request.method == "GET"
                    ? .answer(Samples.status)
                    : .stream([], isFile ? CommandResult(.readyTimeout, message: "too slow") : done)
            }
            let (run, requests) = try koomyctl(["start", "api", path, "web"], script: script)
            #expect(run.code == 5, "\(run)")
            #expect(requests.filter { $0.hasPrefix("POST") }.count == 2)
            #expect(requests.last == #"POST /v1/start {"targets":["api","web"]}"#)
        }
    }

    @Test func `--only is for files`() throws {
        let (run, requests) = try koomyctl(["start", "api", "--only", "x"], script: answering(done))
        #expect(run.code == 64 && requests.isEmpty, "\(run)")
    }
}
