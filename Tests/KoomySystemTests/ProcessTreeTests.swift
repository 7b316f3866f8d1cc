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
    func `the processes below one are found without looking at all others`() throws {
        let child = try Child.shell("sh -c 'sleep 1001 & sleep 1002' & sleep 1003")
        // A shell may become the last of its commands.
        let isComplete = waitUntil {
            let all = [child.pid] + (ProcessTree.descendants(of: child.pid) ?? [])
            return all.filter { ProcessStat(of: $0)?.name == "sleep" }.count == 3
        }
        #expect(isComplete)
        for pid in ProcessTree.descendants(of: child.pid) ?? [] { kill(pid, SIGKILL) }
        try child.kill()
        _ = try child.ended()
        #expect(ProcessTree.descendants(of: child.pid) == nil)
    }

    /// A process of a made-up snapshot.
    private func process(
        _ pid: ProcessID,
        parent: ProcessID,
        session: ProcessID,
        state: Unicode.Scalar = "S",
        startTime: UInt64 = 100
    ) throws -> ProcessStat {
        let line = "\(pid) (x) \(state) \(parent) \(session) \(session) 0 0 0 0 0 0 0 0 0 0 0 20 0 1 0 \(startTime) 0 0"
        return try #require(ProcessStat(parsing: Array(line.utf8)))
    }

    private func members(_ mark: TreeMark, _ stats: [ProcessStat], otherRoots: Set<ProcessID> = []) -> [ProcessID] {
        ProcessSnapshot(stats, own: 10).tree(of: mark, otherRoots: otherRoots).map(\.pid).sorted()
    }

    @Test
    func `a tree is made of children, their children, and the session`() throws {
        let stats = [
            try process(1, parent: 0, session: 1), try process(10, parent: 1, session: 10),
            try process(20, parent: 10, session: 20), try process(21, parent: 20, session: 20),
            // It left the session, and its parent lives.
            try process(22, parent: 21, session: 22), try process(23, parent: 22, session: 22),
            // Its parent is gone.
            try process(24, parent: 10, session: 20), try process(25, parent: 24, session: 25),
            try process(30, parent: 10, session: 30), try process(31, parent: 30, session: 30),
        ]
        #expect(members(TreeMark(root: 20), stats) == [20, 21, 22, 23, 24, 25])
        #expect(members(TreeMark(root: 30), stats) == [30, 31])
        #expect(members(TreeMark(root: 40), stats) == [])
        let both = ProcessSnapshot(stats, own: 10).trees(of: [TreeMark(root: 30), TreeMark(root: 20)])
        #expect(both.map(\.count) == [2, 6])
    }

    @Test
    func `the dead, this process and those above it are never members`() throws {
        let stats = [
            try process(1, parent: 0, session: 1), try process(5, parent: 1, session: 5),
            try process(10, parent: 5, session: 5), try process(20, parent: 10, session: 20, state: "Z"),
            try process(21, parent: 10, session: 20),
        ]
        #expect(members(TreeMark(root: 20), stats) == [21])
        for pid: ProcessID in [1, 5, 10] { #expect(!members(TreeMark(root: pid), stats).contains(pid)) }
        #expect(members(TreeMark(root: 5), stats) == [])
    }

    @Test
    func `a root that is another process by now is not taken for the worker, nor its session`() throws {
        let stats = [
            try process(10, parent: 1, session: 10), try process(20, parent: 10, session: 20, startTime: 200),
            try process(21, parent: 20, session: 20, startTime: 201),
        ]
        #expect(members(TreeMark(root: 20, startTime: 200), stats) == [20, 21])
        #expect(members(TreeMark(root: 20, startTime: 100), stats) == [])
        // The root is gone and its session lives on.
        #expect(
            members(TreeMark(root: 20, startTime: 100), [stats[0], try process(22, parent: 10, session: 20)]) == [22]
        )
    }

    @Test
    func `the environment of known workers is not looked at`() throws {
        let child = try Child.sleeping { $0.environment = [Self.worker.name: Self.worker.value] }
        let stat = try #require(ProcessStat(of: child.pid))
        let snapshot = ProcessSnapshot([stat], own: ThisProcess.id)
        let mark = TreeMark(root: 999_999, marker: Self.worker)
        #expect(snapshot.tree(of: mark).map(\.pid) == [child.pid])
        #expect(snapshot.tree(of: mark, otherRoots: [child.pid]).isEmpty)
        // One that began before the worker cannot be its descendant.
        let later = TreeMark(root: 999_999, startTime: stat.startTime + 1, marker: Self.worker)
        #expect(snapshot.tree(of: later).isEmpty)
    }
}
