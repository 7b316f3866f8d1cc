import KoomyWire
import Testing

@Suite struct IdempotencyKeyTests {
    @Test(arguments: ["a", "0", "-", "_", "Deploy-2026_11", String(repeating: "x", count: 64)])
    func `letters, digits, dashes and underscores are a key`(text: String) {
        #expect(IdempotencyKey(text)?.text == text)
    }

    @Test(arguments: ["", " ", "a b", "a\n", "ä", "a.b", "a/b", "\"a\"", "a,b", String(repeating: "x", count: 65)])
    func `anything else is none`(text: String) {
        #expect(IdempotencyKey(text) == nil)
    }

    @Test func `a random key is 32 hexadecimal digits, and never the same`() {
        let keys = (0..<1_000).map { _ in IdempotencyKey.random() }
        #expect(Set(keys).count == keys.count)
        for key in keys {
            #expect(key.text.utf8.count == 32 && key.text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
            #expect(IdempotencyKey(key.text) == key)
        }
    }
}
