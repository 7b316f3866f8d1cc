import Testing

@testable import koomyctl

@Suite struct UsageErrorTests {
    private func error(_ words: [String]) -> UsageError? {
        do throws(UsageError) {
            _ = try ArgumentParser.parse(words)
            return nil
        } catch {
            return error
        }
    }

    private func error(_ line: String) -> UsageError? { error(line.split(separator: " ").map(String.init)) }

    @Test func `what is misspelt is guessed`() {
        #expect(error("stauts") == UsageError(message: "there is no command \"stauts\"", hint: "did you mean status?"))
        #expect(error("relaod x")?.hint == "did you mean reload?")
        #expect(error("desc api")?.hint == "did you mean describe?")
        #expect(error("help lgos")?.hint == "did you mean logs?")
        #expect(error("daemon statsu")?.hint == "did you mean daemon status?")
        #expect(
            error("logs --folow")
                == UsageError(message: "there is no option --folow", hint: "did you mean --follow?", command: .logs)
        )
        #expect(error("status --jsn")?.hint == "did you mean --json?")
        #expect(error("frobnicate")?.hint == nil)
    }

    @Test func `an option belongs to its commands`() {
        #expect(error("stop api --follow") == UsageError(message: "stop has no option --follow", command: .stop))
        #expect(error("-f stop api") == UsageError(message: "stop has no option --follow", command: .stop))
        for line in ["daemon start --binary x", "daemon stop --binary x", "daemon status --leave-workers"] {
            let words = line.split(separator: " ")
            #expect(error(line)?.message == "daemon \(words[1]) has no option \(words[2])")
        }
        #expect(error("stop api --leave-workers")?.message == "stop has no option --leave-workers")
        #expect(error("doctor api")?.message == "doctor does not take \"api\"")
        #expect(error("status --version")?.message == "status has no option --version")
    }

    @Test func `values are there exactly where they belong`() {
        #expect(error("status --json=yes")?.message == "--json takes no value")
        #expect(error("logs -n")?.message == "-n needs a value: N")
        #expect(error("logs --lines")?.message == "--lines needs a value: N")
        #expect(error("logs --lines=")?.message == "--lines needs a value: N")
        #expect(error("logs -n x")?.message == "--lines x is not a number from 0")
        #expect(error("logs -n -1")?.message == "--lines -1 is not a number from 0")
        #expect(error("events --since 99999999999999999999")?.command == .events)
        #expect(error("status --timeout 0s")?.message == "--timeout 0s is no length of time")
        #expect(error("status --timeout soon")?.hint == "as in 10s, 500ms or 2m")
        #expect(error("status -x")?.message == "there is no option -x")
    }

    @Test(arguments: [
        "start", "stop", "restart", "delete", "reset", "describe", "scale", "scale api", "scale api 1 2", "scale api x",
        "scale a/b 1", "scale all 2", "scale api 10001", "validate", "validate a b", "daemon", "daemon start now",
        "events x", "version x", "stop /tmp", "stop api:x", "stop all:1", "describe api:1", "status a/b", "logs a/b",
        "reload --abort a/b", "",
    ])
    func `what a command needs is said`(line: String) {
        #expect(error(line)?.message.isEmpty == false)
    }

    @Test func `words without sense never trap`() {
        let pieces = [
            "-", "--", "-n", "--n", "=", "--=", "-=", "--lines=5", "é", "-é", "--é=", "", " ", "a:b", "-1", "--json",
        ]
        for first in CommandName.words + pieces {
            for second in pieces {
                for third in pieces { _ = error([first, second, third]) }
            }
        }
    }
}
