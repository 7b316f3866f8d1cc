import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct PaceTests {
    @Test func `how fast a rollout may go on`() throws {
        let text = """
            instances: 8
            canary: 2
            canary_time: 5m
            promote: manual
            stagger: 5s
            memory_short: stop-first
            pressure_limit: 12.5

            """
        var expected = RolloutPolicy()
        expected.canary = 2
        expected.canaryTime = .seconds(300)
        expected.promotesAutomatically = false
        expected.stagger = .seconds(5)
        expected.memoryShortage = .stopFirst
        expected.pressureLimit = 12.5
        #expect(try app(text).rollout == expected)
        #expect(try app("").rollout == RolloutPolicy())
        #expect(try app("promote: auto\n").rollout.promotesAutomatically)
    }

    @Test(arguments: [("25%", 8, 2), ("25%", 2, 1), ("1%", 8, 1), ("0", 8, 0), ("0%", 8, 0), ("7", 8, 7)])
    func `a part of the workers is rounded up`(text: String, instances: Int, count: Int) throws {
        #expect(try app("instances: \(instances)\ncanary: \(text)\n").rollout.canary == count)
    }

    @Test func `a canary of all workers is none, which is said`() throws {
        for (text, warning) in [
            ("instances: 4\ncanary: 4\n", "there are 4 workers"),
            ("instances: 2\ncanary: 51%\n", "there are 2 workers"),
            ("canary: 1\n", "there is 1 worker"),
        ] {
            let ecosystem = try load("script: ./a\n" + text)
            #expect(ecosystem.apps.first?.rollout.canary == 0)
            #expect(ecosystem.warnings.map(\.message).contains { $0.contains(warning) }, "\(ecosystem.warnings)")
        }
    }

    @Test func `the limit of pressure is a percentage or none`() throws {
        #expect(try app("pressure_limit: 80%\n").rollout.pressureLimit == 80)
        #expect(try app("pressure_limit: false\n").rollout.pressureLimit == 100)
        expectAttributeProblems("pressure_limit: «0\n", "more than 0 and at most 100 per cent, not 0")
        expectAttributeProblems("pressure_limit: «101%\n", "at most 100 per cent, not 101% | pressure_limit: 40")
        expectAttributeProblems("pressure_limit: «much\n", "a percentage, or false, not the text \"much\"")
    }

    @Test func `words and times that are none`() {
        expectAttributeProblems("promote: «manuel\n", "one of auto, manual | \"manual\"")
        expectAttributeProblems("memory_short: «wait\n", "one of refuse, stop-first, ignore")
        expectAttributeProblems("canary: «-1\n", "0 to 10000, not -1")
        expectAttributeProblems("canary: «most\n", "a number of workers or a percentage")
        expectAttributeProblems("canary_time: «soon\n", "a length of time")
        expectAttributeProblems("stagger: «-5s\n", "is negative")
    }
}
