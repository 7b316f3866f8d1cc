import Glibc
import TestSupport
import Testing

/// koomyd is killed every 3 seconds and upgraded every 10, while reloads run under load, and nothing is lost.
///
/// A short run of `scripts/soak`, which counts; KOOMY_CHAOS_SECONDS makes it longer.
@Suite(.serialized) struct ChaosTests {
    @Test func `killed, upgraded and reloading all the time, koomyd loses nothing and replaces nobody`() throws {
        let seconds = getenv("KOOMY_CHAOS_SECONDS").flatMap { Int(String(cString: $0)) } ?? 25
        // What it does before and after, and the counting, take a while on a busy machine.
        let result = try Command.run(
            [Fixture.project("scripts/soak"), "--seconds", "\(seconds)", "--rate", "150", "--json"],
            environment: baseEnvironment().merging(["KOOMY_BIN_DIR": Binaries.folder]) { $1 },
            deadline: .seconds(seconds * 2 + 120)
        )
        let counts = try #require(try? JSON(parsing: result.out), "\(result)")
        #expect(result.code == 0 && counts.ok.bool == true, "\(counts.violations)\n\(result.error)")
        #expect(counts.kills.int ?? 0 >= seconds / 6, "\(result)")
        #expect(counts.upgrades.int ?? 0 >= 1 && counts.reloads.int ?? 0 >= 1, "\(result)")
    }
}
