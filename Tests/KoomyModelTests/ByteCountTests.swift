import KoomyModel
import Testing

struct ByteCountTests {
    static let amounts: [(String, UInt64)] = [
        ("300M", 314_572_800), ("1.5G", 1_610_612_736), ("512KiB", 524_288), ("64kB", 65_536), ("1048576", 1_048_576),
        ("0", 0), ("2T", 2_199_023_255_552), ("10B", 10), ("1mb", 1_048_576), ("0.5K", 512),
    ]

    @Test(arguments: amounts)
    func `it reads what people write`(_ text: String, _ bytes: UInt64) {
        #expect(ByteCount(parsing: text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "M", "-1", "+1", "1.M", ".5M", "1 M", "1X", "1MM", "1..5M", "5iB", "1e3", "20000000000000000000", "1Mx",
    ])
    func `it reads nothing else`(_ text: String) {
        #expect(ByteCount(parsing: text) == nil)
    }

    static let texts: [(UInt64, String)] = [
        (0, "0"), (1, "1"), (1_023, "1023"), (1_024, "1K"), (314_572_800, "300M"), (1_610_612_736, "1536M"),
        (1_099_511_627_776, "1T"),
    ]

    @Test(arguments: texts)
    func `it is written exactly`(_ bytes: UInt64, _ text: String) {
        #expect(ByteCount(bytes: bytes).description == text)
    }

    @Test(arguments: [UInt64(0), 1, 1_000, 1_024, 1_025, 300 << 20, 7 << 33, .max])
    func `what is written can be read back`(_ bytes: UInt64) {
        let count = ByteCount(bytes: bytes)
        #expect(ByteCount(parsing: count.description) == count)
    }

    @Test func `it saturates`() {
        #expect(ByteCount(bytes: .max).multiplied(by: 2) == ByteCount(bytes: .max))
        #expect(ByteCount(parsing: "99999999999999999T") == ByteCount(bytes: .max))
        #expect(ByteCount(bytes: 3).multiplied(by: 2) == ByteCount(bytes: 6))
    }

    @Test func `the hard limit is twice the soft one unless it is given`() {
        var policy = RecyclePolicy()
        #expect(policy.effectiveHardMemory == nil)
        policy.maxMemory = ByteCount(bytes: 100)
        #expect(policy.effectiveHardMemory == ByteCount(bytes: 200))
        policy.hardMemory = ByteCount(bytes: 150)
        #expect(policy.effectiveHardMemory == ByteCount(bytes: 150))
    }
}
