import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire
import TestSupport
import Testing

@testable import KoomySupervisor

extension AppName {
    fileprivate static var api: AppName {
        guard let name = AppName("api") else { fatalError("a name that is none") }
        return name
    }
}

struct JournalTests {
    private static let api = AppName.api

    private static func checkpoint(_ edit: (inout Checkpoint) -> Void = { _ in }) -> Checkpoint {
        var checkpoint = Checkpoint(
            at: Instant(nanoseconds: 1),
            fleet: Fleet(),
            timers: [.init(id: .save, due: Instant(nanoseconds: 7))],
            processes: [],
            listeners: [],
            operations: [],
            results: [],
            lastRequest: 3,
            lastEvent: 5
        )
        edit(&checkpoint)
        return checkpoint
    }

    private static let records: [JournalRecord] = [
        .event(.booted(DesiredState()), at: Instant(nanoseconds: 2)),
        .event(.request(RequestID(4), .stop([Target(app: api)])), at: Instant(nanoseconds: 3)),
        .listener(
            ListenerRecord(
                app: api,
                address: .tcp(host: "::1", port: 0),
                slot: nil,
                socket: FileIdentity(device: 1, inode: 2)
            )
        ),
        .operation(OperationRecord(key: "k", request: RequestID(4), userID: 1_000)),
        .event(.timerFired(.restart(api, slot: 1)), at: Instant(nanoseconds: 4)),
    ]

    private func lines(of path: String) throws -> [Journal.Line]? { try Journal.read(path)?.lines }

    private func written(_ path: String, _ records: [JournalRecord] = records) -> Journal {
        let journal = Journal(path: path)
        journal.begin(with: Self.checkpoint())
        for record in records { journal.append(record) }
        return journal
    }

    @Test func `what is written is read`() throws {
        try Workspace.with { files in
            let journal = written(files("journal"))
            journal.mark(events: 9)
            let contents = try #require(try Journal.read(files("journal")))
            #expect(contents.checkpoint == Self.checkpoint() && contents.unread == 0)
            #expect(contents.lines == Self.records.map(Journal.Line.record) + [.performed(events: 9)])
        }
    }

    @Test func `nobody but its owner can read it`() throws {
        try Workspace.with { files in
            _ = written(files("journal"))
            let mode = try Command.run(["stat", "-c", "%a", files("journal")]).out
            #expect(mode == "600\n")
        }
    }

    @Test func `the same mark is written once`() throws {
        try Workspace.with { files in
            let journal = written(files("journal"), [])
            for _ in 1...3 { journal.mark(events: 1) }
            journal.mark(events: 2)
            journal.append(Self.records[0])
            for _ in 1...3 { journal.mark(events: 2) }
            let found = try Journal.read(files("journal"))
            let lines = try #require(found).lines
            #expect(lines.count { $0 == .performed(events: 1) } == 1)
            #expect(lines.count { $0 == .performed(events: 2) } == 2)
        }
    }

    @Test func `cut at any byte, it is read up to the last whole line`() throws {
        try Workspace.with { files in
            _ = written(files("journal"))
            let bytes = try #require(Files.bytes(of: files("journal")))
            let first = try #require(bytes.firstIndex(of: UInt8(ascii: "\n")))
            for length in stride(from: first + 1, through: bytes.count, by: 7) {
                try AtomicFile.write(bytes[..<length], to: files("cut"))
                let contents = try #require(try Journal.read(files("cut")))
                let whole = bytes[..<length].count { $0 == UInt8(ascii: "\n") } - 1
                #expect(contents.lines == Self.records.prefix(whole).map(Journal.Line.record))
            }
            for length in stride(from: 0, through: first, by: 11) {
                try AtomicFile.write(bytes[..<length], to: files("cut"))
                #expect(throws: (any Error).self) { try Journal.read(files("cut")) }
            }
        }
    }

    @Test func `what follows a line that means nothing is not believed`() throws {
        try Workspace.with { files in
            _ = written(files("journal"))
            let text = try #require(Files.text(of: files("journal")))
            var lines = text.split(separator: "\n")
            lines.insert(#"{"of":"a later version"}"#, at: 3)
            try Files.write(lines.joined(separator: "\n") + "\n", to: files("journal"))
            let contents = try #require(try Journal.read(files("journal")))
            #expect(contents.lines == Self.records.prefix(2).map(Journal.Line.record))
            #expect(contents.unread == 4)
        }
    }

    @Test func `that of another boot is none`() throws {
        try Workspace.with { files in
            let journal = Journal(path: files("journal"))
            let none = try lines(of: files("journal"))
            #expect(none == nil)
            journal.begin(with: Self.checkpoint { $0.boot = "another" })
            let another = try lines(of: files("journal"))
            #expect(another == nil)
        }
    }

    @Test func `one of a later version says so`() throws {
        try Workspace.with { files in
            let later = Self.checkpoint {
                $0.version = 99
                $0.writer = "9.9"
            }
            Journal(path: files("journal")).begin(with: later)
            let error = #expect(throws: Checkpoint.Flaw.self) { try Journal.read(files("journal")) }
            #expect(error.map { "\($0)".contains("koomyd 9.9") } == true)
        }
    }

    @Test func `it begins anew when it has grown`() throws {
        try Workspace.with { files in
            let journal = written(files("journal"), [])
            let long = JournalRecord.event(
                .cannotListen(Self.api, Generation(1), String(repeating: "x", count: 1 << 20)),
                at: .init(nanoseconds: 1)
            )
            var count = 0
            while !journal.needsCheckpoint {
                journal.append(long)
                count += 1
            }
            #expect(count > 3)
            journal.begin(with: Self.checkpoint())
            #expect(!journal.needsCheckpoint)
            let left = try lines(of: files("journal"))
            #expect(left == [])
        }
    }

    @Test func `where it cannot be written there is none, and then one again`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("run"))
            var told: [Bool] = []
            let journal = Journal(path: files("run/journal")) { told.append($0 != nil) }
            journal.begin(with: Self.checkpoint())
            Files.remove(files("run"))
            // A folder that was removed is made again; what is in its place is left alone.
            try Files.write("no folder", to: files("run"))
            journal.begin(with: Self.checkpoint())
            journal.begin(with: Self.checkpoint())
            journal.append(Self.records[0])
            #expect(told == [true] && journal.needsCheckpoint && journal.trouble != nil)
            Files.remove(files("run"))
            journal.begin(with: Self.checkpoint())
            #expect(told == [true, false] && !journal.needsCheckpoint && journal.trouble == nil)
            journal.remove()
            #expect(!Files.exists(files("run/journal")))
        }
    }
}

struct InheritanceTests {
    @Test func `the later of two facts counts, and numbers go on`() throws {
        let api = AppName.api
        func listener(_ inode: UInt64) -> ListenerRecord {
            ListenerRecord(app: api, address: .unix(path: "/s"), slot: 1, socket: FileIdentity(device: 1, inode: inode))
        }
        var checkpoint = Checkpoint(
            at: Instant(nanoseconds: 1),
            fleet: Fleet(),
            timers: [],
            processes: [],
            listeners: [listener(1)],
            operations: [],
            results: [],
            lastRequest: 3,
            lastEvent: 5
        )
        checkpoint.timers = [.init(id: .save, due: Instant(nanoseconds: 9))]
        let contents = Journal.Contents(
            checkpoint: checkpoint,
            lines: [
                .record(.listener(listener(2))), .record(.operation(.init(key: "k", request: RequestID(8), userID: 0))),
                .record(.event(.request(RequestID(8), .stop([Target(app: api)])), at: Instant(nanoseconds: 4))),
                .performed(events: 11),
            ],
            unread: 0
        )
        let inheritance = Inheritance(contents)
        #expect(inheritance.listeners == [listener(2)])
        #expect(inheritance.lastRequest == 8 && inheritance.lastEvent == 11)
        #expect(inheritance.replay.uncertain.isEmpty && inheritance.replay.timers.count == 1)
        // It was answered at once: no app is called so.
        #expect(inheritance.results[RequestID(8)]?.code == 2)
        var onDisk = DesiredState()
        #expect(!inheritance.isOutdated(by: onDisk))
        onDisk.revision = 1
        #expect(inheritance.isOutdated(by: onDisk))
    }
}
