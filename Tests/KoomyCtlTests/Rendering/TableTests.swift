import Testing

@testable import koomyctl

@Suite struct TextWidthTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("äöü", 3), ("e\u{301}", 1), ("漢字", 4), ("한글", 4), ("ｱ", 1), ("👍", 2), ("👨‍👩‍👧", 2), ("❤️", 2),
        ("…", 1),
    ])
    func `columns are those of a terminal`(text: String, width: Int) {
        #expect(TextWidth.of(text) == width)
    }

    @Test func `a text is cut where it does not fit`() {
        #expect(TextWidth.cut("abcdef", to: 6, mark: "…") == "abcdef")
        #expect(TextWidth.cut("abcdef", to: 5, mark: "…") == "abcd…")
        #expect(TextWidth.cut("漢字漢字", to: 6, mark: "…") == "漢字…")
        #expect(TextWidth.cut("漢字漢字", to: 5, mark: "…") == "漢字…")
        #expect(TextWidth.cut("abcdef", to: 1, mark: "…") == "…")
        #expect(TextWidth.cut("abcdef", to: 0, mark: "…") == "")
        #expect(TextWidth.cut("abcdef", to: 3, mark: "~") == "ab~")
    }
}

@Suite struct TableTests {
    private func table(_ rows: [[String]]) -> Table {
        var table = Table([
            .init(heading: "name"), .init(heading: "n", isNumeric: true, rank: 2), .init(heading: "x", rank: 1),
            .init(heading: "why", rank: 3, leastWidth: 6),
        ])
        table.rows = rows.map { $0.map { Table.Cell($0) } }
        return table
    }

    private let rows = [["api", "1", "yes", "because of it"], ["漢字", "100", "no", "-"]]

    @Test func `columns line up, numbers to the right, nothing after the last`() {
        #expect(
            table(rows).lines(on: Screen()) == [
                "name    n  x    why", "api     1  yes  because of it", "漢字  100  no   -",
            ]
        )
    }

    @Test func `first a flexible column is cut, then columns are left out by rank`() {
        func lines(_ width: Int) -> [String] { table(rows).lines(on: Screen(width: width)) }
        #expect(lines(29)[1] == "api     1  yes  because of it")
        #expect(lines(28)[1] == "api     1  yes  because of …")
        #expect(lines(22)[1] == "api     1  yes  becau…")
        #expect(lines(21)[1] == "api     1  because o…")
        #expect(lines(15)[1] == "api   because …")
        #expect(lines(11)[1] == "api")
        #expect(lines(2)[1] == "api")
    }

    @Test(arguments: 5...40)
    func `no line is wider than the screen as long as columns can be left out`(width: Int) {
        for line in table(rows).lines(on: Screen(width: width)) { #expect(TextWidth.of(line) <= width) }
    }

    @Test func `colours do not disturb the columns`() {
        var table = table(rows)
        table.rows[0][2].style = .green
        #expect(
            table.lines(on: Screen(hasColor: true))[1] == "api     1  \u{1B}[32myes\u{1B}[0m  because of it"
        )
    }

    @Test func `a table without rows has its headings`() {
        #expect(table([]).lines(on: Screen(isUTF8: false)) == ["name  n  x  why"])
    }
}

@Suite struct ScreenTests {
    @Test func `text from elsewhere cannot steer the terminal`() {
        #expect(Screen().clean("a\u{1B}[31mb\nc\td\u{7F}\u{9B}e") == "a?[31mb c d??e")
        #expect(Screen().clean("ä漢") == "ä漢")
        #expect(Screen(isUTF8: false).clean("ä漢") == "??")
    }

    @Test func `styles are shown only where they can be`() {
        #expect(Screen().styled("x", .red) == "x")
        #expect(Screen(hasColor: true).styled("x", .red) == "\u{1B}[31mx\u{1B}[0m")
        #expect(Screen(hasColor: true).styled("x", .plain) == "x")
        #expect(Screen(hasColor: true).styled("", .red) == "")
    }
}

@Suite struct QuantityTests {
    @Test(arguments: [
        (Int64(-5), "0ms"), (0, "0ms"), (999, "999ms"), (1_000, "1s"), (59_999, "59s"), (60_000, "1m00s"),
        (192_000, "3m12s"),
        (3_600_000, "1h00m"), (14_700_000, "4h05m"), (86_400_000, "1d00h"), (183_600_000, "2d03h"),
        (Int64.max, "106751991167d07h"),
    ])
    func `lengths of time`(milliseconds: Int64, text: String) {
        #expect(Quantity.span(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (UInt64(0), "0B"), (1_023, "1023B"), (1_024, "1.0K"), (40_000_000, "38.1M"), (1_073_741_824, "1.0G"),
        (1_048_524_000, "1.0G"),
        (1 << 40, "1.0T"), (UInt64.max, "16777216.0T"),
    ])
    func `amounts of memory`(bytes: UInt64, text: String) {
        #expect(Quantity.bytes(bytes) == text)
    }

    @Test(arguments: [(0.0, "0.0%"), (1.5, "1.5%"), (99.96, "100.0%"), (400, "400.0%"), (.nan, "?%"), (-0.01, "0.0%")])
    func `shares of a processor`(value: Double, text: String) {
        #expect(Quantity.percent(value) == text)
    }
}
