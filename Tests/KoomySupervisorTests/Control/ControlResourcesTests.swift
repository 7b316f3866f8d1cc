import Glibc
import KoomyModel
import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

/// What the server takes of its process, each measured in a process of its own, because other tests run in this one.
@Suite("resources of the control server")
struct ControlResourcesTests {
    @Test func `thousands of requests leave no descriptor, no thread and no memory behind`() async {
        await #expect(processExitsWith: .success) {
            try await MainActor.run {
                let fixture = try ControlFixture()
                try Self.use(fixture, rounds: 50)
                let before = Footprint()
                try Self.use(fixture, rounds: 200)
                let after = Footprint()
                #expect(after.descriptors == before.descriptors)
                #expect(after.threads <= before.threads)
                #expect(!after.threadNames.contains { $0.hasPrefix("MHD") })
                // The address sanitizer keeps what was freed.
                if dlsym(nil, "__asan_init") == nil {
                    #expect(after.resident < before.resident + (1 << 20), "\(before.resident) -> \(after.resident)")
                }
            }
        }
    }

    @Test func `a server that is gone leaves no descriptor behind`() async {
        await #expect(processExitsWith: .success) {
            try await MainActor.run {
                try Self.use(ControlFixture(), rounds: 1)
                let before = Footprint()
                for _ in 0..<20 {
                    let fixture = try ControlFixture()
                    let (client, _) = try fixture.command("/v1/reload", "{}")
                    client.request("GET", "/v1/version")
                    let follower = try fixture.client()
                    follower.request("GET", "/v1/events?follow=1")
                    try fixture.turn("it follows", follower) { follower.current != nil }
                }
                #expect(Footprint().descriptors == before.descriptors)
            }
        }
    }

    @Test func `without descriptors it waits, does not spin, and serves everybody later`() async {
        await #expect(processExitsWith: .success) {
            try await MainActor.run {
                let fixture = try ControlFixture()
                #expect(try fixture.ask("GET", "/v1/version").status == 200)
                let established = try fixture.client()
                established.request("GET", "/v1/version")
                _ = try fixture.answer(to: established)
                let clients = try (0..<5).map { _ in try fixture.client() }
                for client in clients { client.request("GET", "/v1/version") }
                try Self.withoutDescriptors {
                    try fixture.turn(for: .milliseconds(450))
                    let failures = fixture.server?.http?.acceptFailures ?? 0
                    #expect((2...5).contains(failures), "\(failures) failures")
                    #expect(clients.allSatisfy { $0.answers.isEmpty })
                    // Whoever is connected is served meanwhile.
                    established.request("GET", "/v1/version")
                    #expect(try fixture.answer(to: established).status == 200)
                }
                try fixture.turn("all are answered", clients) { clients.allSatisfy { $0.answers.count == 1 } }
            }
        }
    }

    /// Ten requests a round, of all kinds.
    private static func use(_ fixture: ControlFixture, rounds: Int) throws {
        fixture.delegate.remembered = (1...20).map { EventView($0) }
        for round in 0..<rounds {
            let client = try fixture.client()
            for target in ["/v1/status", "/v1/apps/none", "/v1/events", "/v1/version"] {
                client.request("GET", target)
                _ = try fixture.answer(to: client)
            }
            let (waiting, stream) = try fixture.command("/v1/reload", "{}")
            stream.send(CommandProgress(message: "one"))
            stream.finish(CommandResult(.done, message: "done"))
            _ = try fixture.answer(to: waiting)
            // They go in the middle of things.
            do {
                let follower = try fixture.client()
                follower.request("GET", "/v1/events?follow=1")
                try fixture.turn("it follows", follower) { follower.current != nil }
                fixture.server?.broadcast(EventView(UInt64(21 + round)))
                _ = try fixture.command("/v1/reload", "{}")
                let half = try fixture.client()
                half.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: 9000\r\n\r\n{")
                let garbage = try fixture.client()
                garbage.send("garbage\r\n\r\n")
                let large = try fixture.client()
                large.send("POST /v1/stop HTTP/1.1\r\nHost: k\r\nContent-Length: 99999999\r\n\r\n{")
                _ = try fixture.answer(to: large)
            }
            fixture.delegate.streams = []
            fixture.delegate.forget()
        }
        try fixture.turn("all connections are gone") { fixture.server?.http?.connectionCount == 0 }
    }

    /// Runs something while no descriptor can be opened.
    private static func withoutDescriptors(_ body: () throws -> Void) throws {
        let free = dup(0)
        close(free)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var tight = limit
        tight.rlim_cur = rlim_t(free)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &tight)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        try body()
    }
}

/// What a process has of the kernel.
private struct Footprint {
    /// How many are open.
    var descriptors = Footprint.entries(of: "/proc/self/fd").count
    var threads: Int
    var threadNames: [String]
    /// Bytes of memory.
    var resident: Int

    init() {
        let tasks = Self.entries(of: "/proc/self/task")
        threads = tasks.count
        threadNames = tasks.map { Self.text(of: "/proc/self/task/\($0)/comm") }
        let pages = Self.text(of: "/proc/self/statm").split(separator: " ").dropFirst().first
        resident = (pages.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    private static func entries(of folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func text(of path: String) -> String {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return "" }
        let bytes = try? FileDescriptor(owning: number).read(most: 4_096)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }
}
