import Glibc
import KoomyModel
import Testing

@testable import KoomyCore

/// Whole fleets under random noise; `KOOMY_SEED=n` replays one seed with a trace, `KOOMY_SEEDS=n` runs that many.
struct SimulationTests {
    /// Seeds are run in groups, so that the machine's processors share them.
    static let groups = 10

    static let seeds: Int = number("KOOMY_SEEDS") ?? 1_000

    @Test(arguments: 0..<groups) func `no seed breaks a promise`(group: Int) {
        if let seed = Self.number("KOOMY_SEED") {
            if group == 0 { run(UInt64(seed), isTraced: true) }
            return
        }
        for seed in stride(from: group, to: Self.seeds, by: Self.groups) { run(UInt64(seed), isTraced: false) }
    }

    private func run(_ seed: UInt64, isTraced: Bool) {
        var simulation = Simulation(seed: seed, isTraced: isTraced)
        simulation.run()
        if isTraced { print("seed \(seed): \(simulation.eventCount) events, \(simulation.now.nanoseconds) ns") }
        if let violation = simulation.violation {
            Issue.record("KOOMY_SEED=\(seed), event \(simulation.eventCount): \(violation)")
        }
    }

    private static func number(_ variable: String) -> Int? {
        getenv(variable).flatMap { Int(String(cString: $0)) }
    }
}
