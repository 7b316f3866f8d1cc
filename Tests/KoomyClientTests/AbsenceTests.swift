import Glibc
import KoomyClient
import ScriptedDaemon
import Synchronization
import TestSupport
import Testing

private let done = CommandResult(.done, message: "2 workers are ready")
private func news(_ text: String) -> CommandProgress { CommandProgress(app: "api", message: text) }

/// Daemons that go away and come back.
@Suite struct AbsenceTests {
    /// What a call has seen and how it ended.
    private struct Seen {
        var result: CommandResult?
        var error: ClientError?
        var told: [CommandProgress] = []
        var absences = 0
        var requests: [ScriptedDaemon.Request] = []
        var elapsed = Duration.zero
    }

    /// A script that answers the first request in the first way, the second in the second, and further ones in the last.
    private func inTurn(_ answers: [[Step]]) -> ScriptedDaemon.Script {
        let count = Mutex(0)
        return { _ in
            let number = count.withLock { count in
                count += 1
                return count - 1
            }
            return answers[min(number, answers.count - 1)]
        }
    }

    private func seen(
        of command: ControlCommand = .reload(ReloadRequest()),
        patience: Duration = .seconds(20),
        answers: [[Step]]
    ) throws -> Seen {
        try Workspace.with { files in
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: inTurn(answers))
            var seen = Seen()
            daemon.whileAnswering {
                var client = ControlClient(socketPath: daemon.path)
                client.returnPatience = patience
                let begin = ContinuousClock.now
                do throws(ClientError) {
                    seen.result = try client.command(command) {
                        seen.told.append($0)
                    } onAway: {
                        seen.absences += 1
                    }
                } catch {
                    seen.error = error
                }
                seen.elapsed = ContinuousClock.now - begin
            }
            seen.requests = daemon.requests
            return seen
        }
    }

    private static func broken(_ progress: CommandProgress...) -> [Step] {
        .streamHead + progress.map { .line(CommandMessage.progress($0)) }
    }

    @Test func `a command that breaks is sent again, the same with the same key`() throws {
        let seen = try seen(answers: [Self.broken(news("a")), .stream([news("b")], done)])
        #expect(seen.result == done && seen.error == nil)
        #expect(seen.requests.count == 2 && Set(seen.requests).count == 1, "\(seen.requests)")
        #expect(seen.requests[0].key?.utf8.count == 32)
        #expect(seen.told == [news("a"), news("b")])
    }

    @Test(arguments: [[], [Step.send("HTTP/1.1 200")]])
    func `a connection that breaks before the answer is a break too`(steps: [Step]) throws {
        let seen = try seen(answers: [steps, .stream([], done)])
        #expect(seen.result == done && seen.requests.count == 2)
    }

    @Test func `two commands have two keys, and a key may be given`() throws {
        try Workspace.with { files in
            let daemon = try ScriptedDaemon(path: files("control.sock")) { request in
                request.method == "POST" ? .stream([], done) : .answer(Samples.api)
            }
            try daemon.whileAnswering {
                let client = ControlClient(socketPath: daemon.path)
                _ = try client.command(.reopenLogs)
                _ = try client.command(.reopenLogs)
                _ = try client.command(.reopenLogs, key: #require(IdempotencyKey("deploy-17")))
                _ = try client.app("api")
            }
            let keys = daemon.requests.map(\.key)
            #expect(keys.count == 4 && keys[0] != nil && keys[0] != keys[1])
            #expect(keys[2] == "deploy-17" && keys[3] == nil)
        }
    }

    @Test func `progress that is repeated from the beginning is told once`() throws {
        let (a, b, c) = (news("a"), news("b"), news("c"))
        #expect(try seen(answers: [Self.broken(a, b), .stream([a, b, c], done)]).told == [a, b, c])
        #expect(try seen(answers: [Self.broken(a, b), .stream([c], done)]).told == [a, b, c])
        // What happens again later is told again.
        #expect(try seen(answers: [Self.broken(a), .stream([b, a], done)]).told == [a, b, a])
        // It broke off three times, and each time a little more was known.
        let answers = [Self.broken(a), Self.broken(a, b), Self.broken(a, b), .stream([a, b, c, a], done)]
        #expect(try seen(answers: answers).told == [a, b, c, a])
    }

    @Test func `a refusal after a break is an answer`() throws {
        let error = ErrorView(.noSuchApp, message: "no app is named api")
        let seen = try seen(answers: [Self.broken(), .refusal(error)])
        #expect(seen.error == .refused(error, status: 404) && seen.requests.count == 2)
    }

    @Test func `a daemon that is leaving after a break is waited for until the next one is there`() throws {
        let leaving = ErrorView(.shuttingDown, message: "koomyd is leaving")
        let answers = [Self.broken(), .refusal(leaving), .refusal(leaving), .stream([], done)]
        let seen = try seen(answers: answers)
        #expect(seen.result == done && seen.requests.count == 4 && seen.absences == 1)
        // Nothing was begun: who is told so at once may ask for something else.
        #expect(try self.seen(answers: [.refusal(leaving)]).error == .refused(leaving, status: 503))
    }

    @Test func `a daemon that never stays is given up`() throws {
        let seen = try seen(patience: .milliseconds(600), answers: [Self.broken(news("a"))])
        #expect(seen.error == .lost && seen.absences == 1 && seen.told == [news("a")])
        #expect((3...15).contains(seen.requests.count), "\(seen.requests.count)")
        #expect(seen.elapsed >= .milliseconds(600) && seen.elapsed < .seconds(20), "\(seen.elapsed)")
    }

    @Test func `a daemon that stayed for a while and goes again is waited for as long as at first`() throws {
        let patience = Duration.milliseconds(600)
        let stay = Step.perform { try? always(for: patience, "it stays") { true } }
        let answers = [Self.broken(), .streamHead + [stay], Self.broken(), Self.broken(), .stream([], done)]
        let seen = try seen(patience: patience, answers: answers)
        #expect(seen.result == done && seen.requests.count == 5 && seen.absences == 1, "\(seen)")
    }

    @Test func `nothing is said of a break that the next attempt mends`() throws {
        #expect(try seen(answers: [Self.broken(), .stream([], done)]).absences == 0)
        #expect(try seen(answers: [Self.broken(), Self.broken(), Self.broken(), .stream([], done)]).absences == 1)
    }

    @Test(arguments: [ScriptedDaemon.Ending.removed, .staleSocket])
    func `a daemon that has gone is waited for, whether or not its socket's file is there`(
        ending: ScriptedDaemon.Ending
    ) throws {
        try Workspace.with { files in
            let path = files("control.sock")
            let absences = Mutex(0)
            let result = Mutex<CommandResult?>(nil)
            var asked = try ScriptedDaemon(path: path) { _ in Self.broken(news("a")) }
            let caller = try asked.whileAnswering(leavingBehind: ending) {
                let caller = try Caller {
                    let client = ControlClient(socketPath: path)
                    let answer = try? client.command(.reopenLogs, onAway: { absences.withLock { $0 += 1 } })
                    result.withLock { $0 = answer }
                }
                try eventually("it was asked") { !asked.requests.isEmpty }
                return caller
            }
            let key = asked.requests.first?.key
            // Closes the listener, which a killed koomyd's file then refuses for.
            asked = try ScriptedDaemon(path: files("other.sock")) { _ in [] }
            try eventually("the client knows that it is away") { absences.withLock { $0 } == 1 }
            let next = try ScriptedDaemon(path: path) { _ in .stream([], done) }
            next.whileAnswering { caller.join() }
            #expect(result.withLock { $0 } == done && absences.withLock { $0 } == 1)
            #expect(next.requests.map(\.key) == [key] && key != nil)
        }
    }

    @Test(.enabled(if: geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0, "needs root and setpriv"))
    func `the socket of one that has just come may not be open to its group yet`() throws {
        try Workspace.with { files in
            let path = files("control.sock")
            let asked = try ScriptedDaemon(path: path) { _ in Self.broken() }
            #expect(chmod(path, 0o666) == 0)
            let program = [try Binaries.path("koomyctl"), "reload", "--socket", path]
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            let process = try asked.whileAnswering {
                let process = try BackgroundProcess(nobody + program, name: "koomyctl", in: files)
                try eventually("it was asked") { !asked.requests.isEmpty }
                // Only its owner may connect from here on.
                #expect(chmod(path, 0) == 0)
                try eventually("the client knows that it is away") { process.errorOutput.contains("away") }
                return process
            }
            defer { process.stop() }
            let next = try ScriptedDaemon(path: path) { _ in .stream([], done) }
            #expect(chmod(path, 0o666) == 0)
            let exit = try next.whileAnswering { try process.wait() }
            #expect(exit == .code(0), "\(process.errorOutput)")
        }
    }

    @Test func `a socket that refuses is tried for a while, one that is not there is not`() throws {
        try Workspace.with { files in
            let path = files("control.sock")
            var client = ControlClient(socketPath: path)
            client.contactPatience = .seconds(10)
            var absences = 0
            var begin = ContinuousClock.now
            #expect(throws: ClientError.noDaemon(path: path)) {
                try client.command(.reopenLogs, onAway: { absences += 1 })
            }
            #expect(absences == 0 && ContinuousClock.now - begin < .seconds(10))
            client.contactPatience = .milliseconds(600)
            _ = try ScriptedDaemon(path: path) { _ in [] }
            begin = ContinuousClock.now
            #expect(throws: ClientError.noDaemon(path: path)) {
                try client.command(.reopenLogs, onAway: { absences += 1 })
            }
            #expect(absences == 1 && ContinuousClock.now - begin >= .milliseconds(600))
            #expect(throws: ClientError.noDaemon(path: path)) { try client.status() }
        }
    }

    @Test func `a call's time-out counts while a daemon is away`() throws {
        try Workspace.with { files in
            let path = files("control.sock")
            _ = try ScriptedDaemon(path: path) { _ in [] }
            var client = ControlClient(socketPath: path)
            client.timeout = .milliseconds(100)
            #expect(throws: ClientError.timedOut) { try client.status() }
            #expect(throws: ClientError.timedOut) { try client.command(.reopenLogs) }
        }
    }

    @Test func `a question that breaks is asked again`() throws {
        try Workspace.with { files in
            let answers: [[Step]] = [
                [], [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")], .answer(Samples.status),
            ]
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: inTurn(answers))
            try daemon.whileAnswering {
                try #expect(ControlClient(socketPath: daemon.path).status() == Samples.status)
            }
            #expect(daemon.requests.count == 3)
        }
    }

    @Test(arguments: [true, false])
    func `events go on after the last one that came`(follow: Bool) throws {
        func event(_ number: UInt64) -> Step { .line(EventView(seq: number, at: 1, type: "worker.ready")) }
        try Workspace.with { files in
            let answers: [[Step]] = [
                .streamHead + [event(3), event(4)], .streamHead, .streamHead + [event(5), event(6), .streamEnd],
            ]
            let daemon = try ScriptedDaemon(path: files("control.sock"), script: inTurn(answers))
            var numbers: [UInt64] = []
            try daemon.whileAnswering {
                try ControlClient(socketPath: daemon.path).events(since: 2, follow: follow) { event in
                    numbers.append(event.seq)
                    return event.seq < 6
                }
            }
            #expect(numbers == [3, 4, 5, 6])
            let query = follow ? "follow=1&" : ""
            #expect(daemon.requests.map(\.target) == [2, 4, 4].map { "/v1/events?\(query)since=\($0)" })
        }
    }
}

/// Runs something in a thread of its own.
private final class Caller: Sendable {
    private let work: @Sendable () -> Void
    private let thread = Mutex<pthread_t?>(nil)

    init(_ work: @escaping @Sendable () -> Void) throws {
        self.work = work
        var made = pthread_t()
        let context = Unmanaged.passRetained(self)
        let failure = pthread_create(
            &made,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Caller>.fromOpaque(context).takeRetainedValue().work()
                return nil
            },
            context.toOpaque()
        )
        guard failure == 0 else {
            context.release()
            throw TestFailure(description: "pthread_create: \(failure)")
        }
        thread.withLock { $0 = made }
    }

    func join() {
        let made = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let made { pthread_join(made, nil) }
    }
}
