import Glibc
import KoomyWorker
import Testing

/// Two workers on one listening socket, replaced again and again under load: not one request may fail.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReplacementTests {
    enum Program: String, CaseIterable {
        case api = "koomy-api"
        case example = "worker-example"
    }

    @Test(arguments: Program.allCases, [[], ["-k"]])
    func `workers are replaced under load without a lost request`(program: Program, style: [String]) throws {
        let folder = try ScratchFolder()
        let listening = try Listening()
        var starts = 0
        func start() throws -> (Child, NotifySocket) {
            starts += 1
            let notify = try NotifySocket(folder, name: "notify.\(starts)")
            let child = try Child(
                try Child.product(program.rawValue),
                environment: ["NOTIFY_SOCKET": notify.path],
                listeners: [(listening.socket, "http")],
                folder: folder,
                name: "worker.\(starts)"
            )
            try notify.wait(for: "READY=1")
            return (child, notify)
        }
        var workers = [try start(), try start()]
        let load = try Load(
            ["-r", "500", "-P", "-d", "9", "-c", "2000"] + style + ["\(listening.url)/health"],
            folder: folder
        )
        var replaced = 0
        while load.isRunning, replaced < 40 {
            let next = try start()
            let (old, notify) = workers.removeFirst()
            workers.append(next)
            #expect(try old.terminate() == .exited(0))
            try notify.wait(for: "STOPPING=1")
            replaced += 1
        }
        let counts = try load.finish(within: .seconds(60))
        print("\(program.rawValue) \(style): \(counts.ok) ok, \(counts.failed) failed, \(replaced) replacements")
        #expect(counts.failed == 0, "\(counts.failures)")
        #expect(counts.ok > 4_000)
        #expect(replaced >= 3)
        for (worker, _) in workers { #expect(try worker.terminate() == .exited(0)) }
    }
}
