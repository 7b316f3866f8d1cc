import KoomyModel
import Testing

struct RotatedNameTests {
    static let names: [(String, RotatedName)] = [
        ("20261120T170456Z", RotatedName(stamp: "20261120T170456Z")),
        ("20261120T170456Z-1", RotatedName(stamp: "20261120T170456Z", number: 1)),
        ("20261120T170456Z-12.gz", RotatedName(stamp: "20261120T170456Z", number: 12, compression: .gzip)),
        ("20261120T170456Z.gz", RotatedName(stamp: "20261120T170456Z", compression: .gzip)),
        ("00010101T000000Z.zst", RotatedName(stamp: "00010101T000000Z", compression: .zstd)),
    ]

    @Test(arguments: names)
    func `what is written can be read back`(_ text: String, _ name: RotatedName) {
        #expect(RotatedName(parsing: text) == name)
        #expect(name.description == text)
    }

    @Test(arguments: [
        "", "1", "gz", "old", "20261120", "20261120T170456", "20261120t170456Z", "20261120T170456z", "2026112T0170456Z",
        "20261120T170456Z-", "20261120T170456Z-0", "20261120T170456Z-01", "20261120T170456Z-+1", "20261120T170456Z--1",
        "20261120T170456Z-1-2", "20261120T170456Z-x", "20261120T170456Z.", "20261120T170456Z.bz2",
        "20261120T170456Z.GZ",
        "20261120T170456Z.gz.gz", "20261120T170456Z.gz-1", ".20261120T170456Z", "20261120T170456Z ",
        "x20261120T170456Z",
        "20261120T170456Z-99999999999999999999", "２0261120T170456Z", "20261120T17045\u{0}Z",
    ])
    func `the name of another file is not taken for one`(_ text: String) {
        #expect(RotatedName(parsing: text) == nil)
    }

    @Test func `they are ordered as they were written, numbers as numbers`() {
        let texts = [
            "20251231T235959Z-3", "20260101T000000Z", "20260101T000000Z-1", "20260101T000000Z-2.gz",
            "20260101T000000Z-10", "20260101T000001Z.zst", "20261120T170456Z",
        ]
        let names = texts.compactMap { RotatedName(parsing: $0) }
        #expect(names.shuffled().sorted().map(\.description) == texts)
    }

    @Test func `the compressed form of a file has its place`() throws {
        let plain = try #require(RotatedName(parsing: "20261120T170456Z-1"))
        let compressed = try #require(RotatedName(parsing: "20261120T170456Z-1.gz"))
        #expect(!(plain < compressed) && !(compressed < plain) && plain != compressed)
    }
}
