import Testing

@testable import koomyctl

@Suite struct LinePatternTests {
    private func matches(_ pattern: String, _ text: String, ignoresCase: Bool = false) throws -> Bool {
        try LinePattern(pattern, ignoresCase: ignoresCase).matches(Array(text.utf8)[...])
    }

    @Test func `it finds what an extended expression means`() throws {
        #expect(try matches("a+b|^c$", "xaab") && matches("a+b|^c$", "c") && !matches("a+b|^c$", "cc"))
        #expect(try matches("[0-9]{3}", "a123") && !matches("[0-9]{3}", "a12"))
        #expect(try matches("^$", "") && !matches("x", ""))
        #expect(try !matches("ERROR", "an error") && matches("ERROR", "an error", ignoresCase: true))
    }

    @Test func `it looks at a part of a line, whatever bytes are in and around it`() throws {
        let pattern = try LinePattern("^b[^b]c$", ignoresCase: false)
        let line: [UInt8] = Array("a: b".utf8) + [0] + Array("c".utf8)
        #expect(pattern.matches(line[3...]))
        #expect(!pattern.matches(line[2...]))
        let foreign = try LinePattern("c$", ignoresCase: false)
        #expect(foreign.matches([0xFF, 0xFE, 0x63][...]))
    }

    @Test(arguments: [
        ("a(b", 2), ("(a)(b", 4), ("[z-a]", 1), ("ab[", 3), ("a\\", 2), ("(()", 1), ("x[[:foo:]]", 2),
        ("a{2,1}", 2),
    ])
    func `what is none is refused with its place`(pattern: String, position: Int) {
        #expect {
            _ = try LinePattern(pattern, ignoresCase: false)
        } throws: { error in
            guard let problem = error as? LinePattern.Problem else { return false }
            return problem.position == position && !problem.message.isEmpty
        }
    }
}
