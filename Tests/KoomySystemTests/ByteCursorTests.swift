import Testing

@testable import KoomySystem

@Suite("Reading text in bytes")
struct ByteCursorTests {
    private func cursor(_ text: String) -> ByteCursor { ByteCursor(text.utf8) }

    @Test
    func `lines end at newlines or at the end`() {
        var lines = cursor("one\n\nthree")
        #expect(lines.nextLine().map(Array.init) == Array("one".utf8))
        #expect(lines.nextLine().map(Array.init) == [])
        #expect(lines.nextLine().map(Array.init) == Array("three".utf8))
        #expect(lines.nextLine() == nil)
        #expect(lines.isAtEnd)
    }

    @Test
    func `words lie between blanks of any number and kind`() {
        var words = cursor("  a \t b\nc ")
        #expect(words.nextWord().map(Array.init) == [UInt8(ascii: "a")])
        words.skipWords(1)
        #expect(words.nextWord().map(Array.init) == [UInt8(ascii: "c")])
        #expect(words.nextWord() == nil)
    }

    @Test
    func `keys are found`() {
        var lines = cursor("a: 1\nbb: 22\n")
        var words = lines.nextLine(after: "bb:")
        #expect(words?.nextNumber() == 22)
        #expect(lines.nextLine(after: "a:") == nil)
        var line = cursor("x:1 ino:ff y:2")
        #expect(line.nextWord(after: "ino:").map(Array.init) == Array("ff".utf8))
        #expect(line.nextWord(after: "ino:") == nil)
    }

    @Test(arguments: [("0", 0), ("18446744073709551615", UInt64.max), ("007", 7)])
    func `numbers are read`(text: String, value: UInt64) {
        var words = cursor(text)
        #expect(words.nextNumber() == value)
    }

    @Test(arguments: ["", "-1", "1x", "x", "18446744073709551616", "99999999999999999999999"])
    func `what is no number is nil`(text: String) {
        var words = cursor(text)
        #expect(words.nextNumber() == nil)
    }

    @Test
    func `other bases and signs`() {
        var words = cursor("ff 0xFF 17 -5 -0 12")
        #expect(words.nextNumber(radix: 16) == 255)
        #expect(words.nextNumber(radix: 16) == 255)
        #expect(words.nextNumber(radix: 8) == 15)
        #expect(words.nextSigned() == -5)
        #expect(words.nextSigned() == 0)
        #expect(words.nextSigned() == 12)
        #expect(words.nextSigned() == nil)
    }
}
