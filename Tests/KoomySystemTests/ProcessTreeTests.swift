import Glibc
import KoomyModel
import Testing

@testable import KoomySystem

@Suite("The processes of a worker", .timeLimit(.minutes(2)))
struct ProcessTreeTests {
    /// Each test has a process of its own, and so a marker of its own.
    static var worker: TreeMark.Marker { .init(name: "KOOMY_WORKER", value: "api:\(ThisProcess.id)") }

    /// Starts a shell with the marker, and waits until it has that many processes.
    private static func start(_ script: String, processes: Int) throws -> (child: Child, mark: TreeMark) {
        let child = try Child.shell(script) { $0.environment[worker.name] = worker.value }
        let mark = TreeMark(root: child.pid, marker: worker)
        let isComplete = waitUntil { ProcessTree.members(mark).filter { $0.name == "sleep" }.count == processes }
        #expect(isComplete, "\(ProcessTree.members(mark))")
        return (child, mark)
    }

    /// Kills until nothing is left, as the daemon does, reaping what becomes ours.
    private static func killAll(_ mark: TreeMark) throws -> Set<ProcessID> {
        var killed: Set<ProcessID> = []
        let isGone = try waitUntil {
            let hit = ProcessTree.signal(.kill, mark)
            killed.formUnion(hit)
            while let pid = try ChildWaiter.nextEnded() { _ = try ChildWaiter.reap(pid) }
            return hit.isEmpty
        }
        #expect(isGone)
        return killed
    }

    private static func sleepers(_ marker: TreeMark.Marker) -> [ProcessID] {
        ProcFS.processIDs().filter { ProcFS.environmentValue(marker.name, of: $0) == marker.value }
    }

    @Test
    func `children and grandchildren are found and killed`() async {
        await #expect(processExitsWith: .success) {
            try ThisProcess.adoptOrphans()
            let (child, mark) = try Self.start("sh -c 'sleep 1001 & sleep 1002' & sleep 1003", processes: 3)
            let killed = try Self.killAll(mark)
            #expect(killed.count >= 3, "\(killed)")
            #expect(killed.contains(child.pid), "\(killed) without \(child.pid)")
            #expect(Self.sleepers(Self.worker).isEmpty, "\(Self.sleepers(Self.worker))")
        }
    }

    @Test
    func `a grandchild that forked twice is found by its session after its parents are gone`() async {
        await #expect(processExitsWith: .success) {
            try ThisProcess.adoptOrphans()
            let (child, mark) = try Self.start(
                "(sleep 1001 & ) ; (sh -c 'sleep 1002 & exit 0' &) ; exit 0",
                processes: 2
            )
            #expect(try child.ended() == .exited(code: 0))
            let members = ProcessTree.members(TreeMark(root: mark.root))
            #expect(members.count == 2)
            #expect(members.allSatisfy { $0.parent == ThisProcess.id && $0.session == mark.root })
            #expect(try Self.killAll(TreeMark(root: mark.root)).count == 2)
            #expect(Self.sleepers(Self.worker).isEmpty)
        }
    }

    @Test
    func `one that left the session is found by its environment`() async {
        await #expect(processExitsWith: .success) {
            try ThisProcess.adoptOrphans()
            let (child, mark) = try Self.start(
                "setsid sh -c 'sleep 1001 & sleep 1002' & sleep 1003 & exit 0",
                processes: 3
            )
            #expect(try child.ended() == .exited(code: 0))
            #expect(ProcessTree.members(TreeMark(root: mark.root)).count == 1)
            #expect(ProcessTree.members(mark).count == 4)
            #expect(try Self.killAll(mark).count == 4)
            #expect(Self.sleepers(Self.worker).isEmpty)
        }
    }

    @Test
    func `processes of another worker are left alone`() async {
        await #expect(processExitsWith: .success) {
            try ThisProcess.adoptOrphans()
            let other = try Child.shell("setsid sleep 2001 & sleep 2002") {
                $0.environment[Self.worker.name] = "api:0\(ThisProcess.id)"
            }
            let (_, mark) = try Self.start("setsid sleep 1001 & sleep 1002", processes: 2)
            let otherMark = TreeMark(
                root: other.pid,
                marker: .init(name: Self.worker.name, value: "api:0\(ThisProcess.id)")
            )
            #expect(waitUntil { ProcessTree.members(otherMark).filter { $0.name == "sleep" }.count == 2 })
            _ = try Self.killAll(mark)
            #expect(ProcessTree.members(otherMark).filter { $0.name == "sleep" }.count == 2)
            #expect(!(try Self.killAll(otherMark).isEmpty))
        }
    }

    @Test
    func `a root that is another process by now is not taken for the worker`() throws {
        let child = try Child.sleeping()
        let stat = try #require(ProcessStat(of: child.pid))
        let snapshot = ProcessSnapshot([stat.with(session: 1)], own: ThisProcess.id)
        #expect(snapshot.tree(of: TreeMark(root: child.pid, startTime: stat.startTime)).count == 1)
        #expect(snapshot.tree(of: TreeMark(root: child.pid, startTime: stat.startTime + 1)).isEmpty)
    }

    @Test
    func `the dead, and this process, are never members`() throws {
        let own = try #require(ProcessStat(of: ThisProcess.id))
        var dead = own
        dead.pid = 999_999
        dead.parent = own.pid
        dead.state = UInt8(ascii: "Z")
        dead.session = 999_999
        let snapshot = ProcessSnapshot([own, dead], own: own.pid)
        #expect(snapshot.tree(of: TreeMark(root: 999_999)).isEmpty)
        #expect(snapshot.tree(of: TreeMark(root: own.pid)).isEmpty)
    }
}

extension ProcessStat {
    func with(session: ProcessID) -> ProcessStat {
        var copy = self
        copy.session = session
        return copy
    }
}
