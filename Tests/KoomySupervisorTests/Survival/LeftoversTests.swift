import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Real processes with the marker that a koomyd leaves in its workers' environment.
struct LeftoversTests {
    private func start(_ socket: String?, _ script: String = "sleep 1000") throws -> Program {
        let environment = socket.map { ["NOTIFY_SOCKET": $0] } ?? [:]
        let program = try Program(["sh", "-c", "\(script) & wait"], environment: environment)
        // Until then it has the arguments and the environment of this test.
        try eventually("its child runs") { program.tree.count == 2 && names(program).contains("sleep") }
        return program
    }

    private func names(_ program: Program) -> [String] {
        program.tree.compactMap { ProcessStat(of: $0)?.name }
    }

    private func found(_ leftovers: Leftovers) -> [KoomySystem.ProcessID] { leftovers.find().map(\.pid).sorted() }

    @Test func `workers of this koomyd are found with all that they started, and no others`() throws {
        try Workspace.with { files in
            let programs = try ["notify/1", "notify/22"].map { try start(files($0)) }
            let others = try [files("notify-other/1"), files("notify"), "/run/systemd/notify", nil].map {
                try start($0)
            }
            let leftovers = Leftovers(notifyFolder: files("notify"))
            #expect(found(leftovers) == programs.flatMap(\.tree).sorted())
            withExtendedLifetime(others) {}
        }
    }

    @Test func `where there are none nothing is found, and ending them takes no time`() throws {
        try Workspace.with { files in
            let leftovers = Leftovers(notifyFolder: files("notify"))
            #expect(leftovers.find().isEmpty)
            #expect(leftovers.end(within: .seconds(1_000)) == 0)
        }
    }

    @Test func `the dead are not found, though nobody has reaped them`() throws {
        try Workspace.with { files in
            let leftovers = Leftovers(notifyFolder: files("notify"))
            let program = try start(files("notify/1"))
            #expect(leftovers.find().count == 2)
            _ = ProcessTree.signal(.kill, program.mark)
            try eventually("none is found") { leftovers.find().isEmpty }
        }
    }

    @Test func `they are asked to leave, and only they`() throws {
        try Workspace.with { files in
            // Its child stays until it says so: at that one's end it would leave by itself.
            let asked = try Program(
                [
                    "sh", "-c",
                    "trap 'echo asked >\(files("said")); kill -KILL $!; exit' TERM; (trap '' TERM; exec sleep 1000) & wait",
                ],
                environment: ["NOTIFY_SOCKET": files("notify/1")]
            )
            try eventually("it waits") { asked.tree.count == 2 && names(asked).contains("sleep") }
            let other = try start(files("other/1"))
            let leftovers = Leftovers(notifyFolder: files("notify"))
            #expect(leftovers.end(within: .seconds(20)) == 2)
            #expect(Files.text(of: files("said")) == "asked\n")
            #expect(leftovers.find().isEmpty)
            #expect(other.tree.count == 2)
        }
    }

    @Test func `who does not leave in time is killed`() throws {
        try Workspace.with { files in
            // What is ignored stays so in the programs that it starts (execve(2)).
            let stubborn = try start(files("notify/1"), "trap '' TERM; sleep 1000")
            let leftovers = Leftovers(notifyFolder: files("notify"))
            #expect(leftovers.end(within: .milliseconds(200)) >= 2)
            #expect(leftovers.find().isEmpty)
            try eventually("it has ended") { stubborn.hasEnded }
        }
    }
}
