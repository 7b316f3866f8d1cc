import Glibc
import TestSupport
import Testing

/// One app that says more than anybody can take, and others beside it.
@Suite(.serialized) struct LogFloodTests {
    private static let flood = Ecosystem.shell(
        "flood",
        "exec yes",
        "instances: 2",
        "min_uptime: 200ms",
        "log: {rotate: {size: 4M, keep: 2}}"
    )

    /// The middle of several times of `koomyctl status --json`.
    private func status(_ daemon: Daemon) throws -> Duration {
        let times = try (1...15).map { _ in try daemon.mustCtl("status", "--json").elapsed }
        return times.sorted()[7]
    }

    @Test func `koomyd answers as if nothing were`() throws {
        try Daemon.with { daemon in
            let quiet = Ecosystem.shell("quiet", "exec sleep 1000", "min_uptime: 200ms")
            try daemon.start(Ecosystem.file(quiet))
            let before = try status(daemon)
            try daemon.start(Ecosystem.file(quiet, Self.flood))
            try eventually("it floods") {
                !Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("flood-out.log.") }.isEmpty
            }
            let after = try status(daemon)
            #expect(after < before * 5, "\(before), then \(after)")
            let sizes = Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("flood-out.log.") }
            #expect(sizes.count <= 4, "\(sizes)")
        }
    }

    @Test func `a line of a quiet app arrives within 100 ms`() throws {
        try Daemon.with { daemon in
            let fifo = daemon.workspace("fifo")
            #expect(mkfifo(fifo, 0o600) == 0)
            // Open both ways, so that neither side waits for the other (fifo(7)).
            let file = open(fifo, O_RDWR | O_CLOEXEC)
            #expect(file >= 0)
            defer { close(file) }
            let quiet = Ecosystem.shell("quiet", "exec cat \(fifo)", "min_uptime: 200ms")
            try daemon.start(Ecosystem.file(quiet, Self.flood))
            try eventually("it floods") {
                !Files.names(in: "\(daemon.home)/log").filter { $0.hasPrefix("flood-out.log.") }.isEmpty
            }
            let log = "\(daemon.home)/log/quiet-out.log"
            var times: [Duration] = []
            for number in 1...60 {
                let line = Array("\(number)\n".utf8)
                let begun = ContinuousClock.now
                #expect(write(file, line, line.count) == line.count)
                try eventually("line \(number) is there") { Files.lines(of: log).count == number }
                times.append(ContinuousClock.now - begun)
            }
            #expect(Files.lines(of: log) == (1...60).map { "\($0)" })
            // Some are late where the machine does something else.
            #expect(times.sorted()[53] < .milliseconds(100), "\(times.sorted().suffix(10))")
        }
    }
}
