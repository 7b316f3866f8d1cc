import Glibc
import TestSupport
import Testing

/// koomyd dies, or a call fails, at each of its effects in turn; then everything that was promised is checked.
///
/// Here a sample of the deaths is drawn; `scripts/faults` does all of it. KOOMY_FAULT_POINT=story:kind:number repeats one,
/// KOOMY_FAULT_SEED draws the same sample again.
@Suite(.serialized) struct FaultTests {
    @Test(.needsDebugBuild) func `what was promised holds when koomyd dies or is refused at any point`() throws {
        if let text = variable("KOOMY_FAULT_POINT") {
            let words = text.split(separator: ":")
            guard words.count == 3, let kind = Fault.Kind(rawValue: String(words[1])), let point = Int(words[2]),
                let story = FaultStory.all.first(where: { $0.name == words[0] })
            else { throw TestFailure(description: "KOOMY_FAULT_POINT is story:kind:number, not \(text)") }
            let times = variable("KOOMY_FAULT_REPEAT").flatMap { Int($0) } ?? 1
            for _ in 0..<times { try judge(story, Fault(kind, at: point)) }
        } else if let text = variable("KOOMY_FAULTS") {
            try runWhole(text)
        } else {
            try runSample()
        }
    }

    @discardableResult
    private func judge(_ story: FaultStory, _ fault: Fault) throws -> FaultRun.Verdict {
        let verdict = FaultRun.run(story, fault)
        print(verdict)
        if !verdict.problems.isEmpty { Issue.record("\(verdict)") }
        return verdict
    }

    /// Deaths, as many as fit into a minute, spread over the stories and their points; the same in each run unless a seed
    /// is given.
    private func runSample() throws {
        let seed = variable("KOOMY_FAULT_SEED").flatMap { UInt64($0) } ?? 879_376
        print("KOOMY_FAULT_SEED=\(seed)")
        var random = SeededNumbers(seed: seed)
        let end = ContinuousClock.now + .seconds(45)
        let kinds: [Fault.Kind] = [.dieAfter, .dieBefore, .tear]
        for kind in kinds {
            for story in FaultStory.all.shuffled(using: &random) {
                let point = Int.random(in: 1...story.effects, using: &random)
                guard ContinuousClock.now < end else { return }
                try judge(story, Fault(kind, at: point))
            }
        }
    }

    /// `kinds;stories;shard/shards`, each list by commas and empty for all.
    private func runWhole(_ text: String) throws {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw TestFailure(description: "KOOMY_FAULTS is kinds;stories;shard/shards") }
        let kinds = parts[0].split(separator: ",").compactMap { Fault.Kind(rawValue: String($0)) }
        let names = parts[1].split(separator: ",").map(String.init)
        let shard = parts[2].split(separator: "/").compactMap { Int($0) }
        guard shard.count == 2 else { throw TestFailure(description: "no shard in \(text)") }
        for story in FaultStory.all where names.isEmpty || names.contains(story.name) {
            let count = try judge(story, Fault(.count))
            for kind in kinds.isEmpty ? [.dieAfter, .dieBefore, .tear, .fail] : kinds where kind != .count {
                for (index, point) in count.points(for: kind).enumerated() where index % shard[1] == shard[0] {
                    try judge(story, Fault(kind, at: point))
                }
            }
        }
    }

    private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
