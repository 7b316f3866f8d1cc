import KoomyModel
import Testing

@testable import KoomyCore

/// Every state that an app can come to, breadth first, with the invariants checked on each way into it.
struct ExplorationTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var instances: Int
        var order = RolloutPolicy.Order.newFirst
        var maxRestarts: Int
        var requests: Int
        var isProbed = false
        var isLimited = false
        /// A worker that is to leave serves on for a while, and is left while connections are open.
        var drain: StopPolicy.Drain?
        var hasHook = false
        /// Begins when every worker serves, which leaves more of the exploration for what follows.
        var isServing = false
        /// koomyd may die and come back, also without listeners.
        var isMortal = false
        /// Rollouts begin with a rehearsal.
        var isRehearsed = false
        /// So many slots change before the others.
        var canary = 0
        /// Begins with workers that only their environment tells of: slot and generation of each; generation 1 serves.
        var survivors: [(slot: Int, generation: Generation)] = []
        /// States after which the exploration stops; the ways in are breadth first, so the shortest stories are all told.
        var limit: Int

        var testDescription: String { name }

        var spec: AppSpec {
            var spec = AppSpec(
                name: .named("a"),
                command: Command(script: "x"),
                workingDirectory: "/",
                instances: instances,
                listeners: [ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: 1))]
            )
            spec.rollout.order = order
            spec.restart.maxRestarts = maxRestarts
            spec.restart.jitter = 0
            if isProbed { spec.health = Probe(kind: .tcp(target: .privateSocket), retries: 1) }
            if let drain {
                spec.stop.connectionTimeout = .seconds(60)
                spec.stop.drain = drain
                spec.stop.preDrain = hasHook ? .zero : .seconds(2)
                spec.stop.preDrainHook = hasHook ? ["x"] : []
            }
            spec.rollout.canary = canary
            spec.rollout.promotesAutomatically = canary != 1
            if isLimited { spec.recycle.maxMemory = ByteCount(bytes: 100) }
            return spec
        }
    }

    static let cases = [
        Case(
            name: "one worker, with a rehearsal",
            instances: 1,
            maxRestarts: 2,
            requests: 3,
            isServing: true,
            isRehearsed: true,
            limit: 15_000
        ),
        Case(
            name: "two workers, with a rehearsal, a health probe and a koomyd that dies",
            instances: 2,
            maxRestarts: 2,
            requests: 2,
            isProbed: true,
            isServing: true,
            isMortal: true,
            isRehearsed: true,
            limit: 15_000
        ),
        Case(
            name: "two workers, one of them a canary that an operator promotes",
            instances: 2,
            maxRestarts: 2,
            requests: 3,
            isServing: true,
            isMortal: true,
            canary: 1,
            limit: 15_000
        ),
        Case(
            name: "three workers, two of them a canary",
            instances: 3,
            maxRestarts: 2,
            requests: 2,
            isServing: true,
            canary: 2,
            limit: 15_000
        ),
        Case(name: "one worker, two requests", instances: 1, maxRestarts: 2, requests: 3, limit: 25_000),
        Case(
            name: "one worker, stop first",
            instances: 1,
            order: .stopFirst,
            maxRestarts: 2,
            requests: 3,
            limit: 25_000
        ),
        Case(name: "two workers, one request", instances: 2, maxRestarts: 2, requests: 2, limit: 25_000),
        Case(
            name: "two workers, stop first",
            instances: 2,
            order: .stopFirst,
            maxRestarts: 2,
            requests: 2,
            limit: 25_000
        ),
        Case(
            name: "one worker, with a health probe",
            instances: 1,
            maxRestarts: 2,
            requests: 3,
            isProbed: true,
            isServing: true,
            limit: 15_000
        ),
        Case(
            name: "one worker, with a memory limit",
            instances: 1,
            maxRestarts: 2,
            requests: 3,
            isLimited: true,
            isServing: true,
            limit: 15_000
        ),
        Case(
            name: "two workers, stop first, with a health probe and a memory limit",
            instances: 2,
            order: .stopFirst,
            maxRestarts: 2,
            requests: 2,
            isProbed: true,
            isLimited: true,
            isServing: true,
            limit: 15_000
        ),
        Case(
            name: "one worker, and koomyd dies",
            instances: 1,
            maxRestarts: 2,
            requests: 3,
            isProbed: true,
            isServing: true,
            isMortal: true,
            limit: 15_000
        ),
        Case(
            name: "two workers, stop first, and koomyd dies",
            instances: 2,
            order: .stopFirst,
            maxRestarts: 2,
            requests: 2,
            isServing: true,
            isMortal: true,
            limit: 15_000
        ),
        Case(
            name: "one worker that drains until it is idle",
            instances: 1,
            maxRestarts: 2,
            requests: 2,
            drain: .idle,
            isServing: true,
            limit: 20_000
        ),
        Case(
            name: "one worker that drains until it exits, with a hook, and koomyd dies",
            instances: 1,
            maxRestarts: 2,
            requests: 2,
            drain: .exit,
            hasHook: true,
            isServing: true,
            isMortal: true,
            limit: 20_000
        ),
        Case(
            name: "two workers, stop first, that drain until they are idle",
            instances: 2,
            order: .stopFirst,
            maxRestarts: 2,
            requests: 2,
            drain: .idle,
            isServing: true,
            limit: 15_000
        ),
        Case(
            name: "survivors of a rollout",
            instances: 2,
            maxRestarts: 2,
            requests: 2,
            survivors: [(0, 1), (1, 2)],
            limit: 15_000
        ),
        Case(
            name: "survivors of a rollout, stop first, two of them in one slot",
            instances: 1,
            order: .stopFirst,
            maxRestarts: 2,
            requests: 2,
            survivors: [(0, 2), (0, 1), (1, 1)],
            limit: 15_000
        ),
    ]

    @Test(arguments: cases) func `no reachable state breaks a promise`(_ story: Case) {
        var first = AppWorld(story.spec, requests: story.requests)
        if story.survivors.isEmpty { first.apply(.start) } else { first.take(story.survivors) }
        first.mortal = story.isMortal
        first.rehearses = story.isRehearsed
        first.requests = story.requests - 1
        if story.isServing { first.serve() }
        var known: Set<AppWorld> = [first]
        var worlds = [first]
        // How each world was come to: from which one, by which event.
        var origins: [(world: Int, event: App.Event)?] = [nil]
        var head = 0
        while head < worlds.count, worlds.count < story.limit {
            for event in worlds[head].possibleEvents {
                var next = worlds[head]
                next.apply(event)
                guard known.insert(next).inserted else { continue }
                worlds.append(next)
                origins.append((head, event))
                if let violation = next.violation {
                    Issue.record("\(violation)\n\(path(to: worlds.count - 1, origins))")
                    return
                }
            }
            head += 1
        }
        #expect(worlds.count > 200, "the exploration went nowhere")
    }

    private func path(to world: Int, _ origins: [(world: Int, event: App.Event)?]) -> String {
        var steps: [String] = []
        var current = world
        while let (parent, event) = origins[current] {
            steps.append("  \(event)")
            current = parent
        }
        return steps.reversed().joined(separator: "\n")
    }
}
