import FoundationEssentials
import KoomyModel
import Testing

@testable import KoomyCore

/// What is kept on disk of how an app's logs are to be.
struct LogSpecCodingTests {
    private func coded(_ spec: LogSpec) throws -> LogSpec { try read(JSONEncoder().encode(spec)) }

    private func read(_ data: Data) throws -> LogSpec { try JSONDecoder().decode(LogSpec.self, from: data) }

    private func read(_ text: String) throws -> LogSpec { try read(Data(text.utf8)) }

    /// Each changes one thing.
    static let changes: [@Sendable (inout LogSpec) -> Void] = [
        { _ in },
        { $0.outFile = "/var/log/api.log" },
        { $0.errorFile = "/dev/null" },
        { $0.combinedFile = "all.log" },
        { $0.isMerged = false },
        { $0.format = .json },
        { $0.format = .stamped(LogDateFormat(text: "YYYY [x]", tokens: [.year, .literal(" x")])) },
        { $0.target = .direct },
        { $0.target = .journald },
        { $0.target = .none },
        { $0.rotation = nil },
        { $0.rotation?.size = nil },
        { $0.rotation?.size = ByteCount(bytes: 65_536) },
        { $0.rotation?.schedule = .everySecond },
        { $0.rotation?.keep = nil },
        { $0.rotation?.keep = 0 },
        { $0.rotation?.maxAge = .seconds(86_400) },
        { $0.rotation?.total = nil },
        { $0.rotation?.total = ByteCount(bytes: 1) },
        { $0.rotation?.compression = .gzip },
        { $0.rotation?.compression = .zstd },
        { $0.whenFull = .block },
        { $0.mode = 0o600 },
        { $0.owner = "www" },
        { $0.group = "4" },
    ]

    @Test(arguments: changes.indices)
    func `each property is read as it was written`(_ index: Int) throws {
        var spec = LogSpec()
        Self.changes[index](&spec)
        #expect((spec == LogSpec()) == (index == 0))
        #expect(try coded(spec) == spec)
    }

    @Test func `all of them together are`() throws {
        var spec = LogSpec()
        for change in Self.changes where spec.rotation != nil { change(&spec) }
        #expect(try coded(spec) == spec)
        spec.rotation = LogRotation()
        for change in Self.changes[11...] { change(&spec) }
        #expect(try coded(spec) == spec)
    }

    @Test(arguments: [
        "month", "monthName", "month1", "day", "hour12Padded", "microsecond", "offsetCompact", "weekdayName",
        "meridiemLower",
    ])
    func `tokens keep their names, as files hold them`(_ name: String) throws {
        let spec = try read(#"{"dateFormat": {"text": "?", "tokens": [{"\#(name)": {}}]}}"#)
        #expect(spec.format.dateFormat?.tokens.map { "\($0)" } == [name])
        #expect(try coded(spec) == spec)
    }

    // MARK: - Documents of the first release

    @Test func `one that was turned off goes nowhere, and keeps its stamp for later`() throws {
        let format = LogDateFormat(text: "YYYY x", tokens: [.year, .literal(" x")])
        let text = #"{"dateFormat":{"text":"YYYY x","tokens":[{"year":{}},{"literal":{"_0":" x"}}]},"isDisabled":true}"#
        var expected = LogSpec()
        expected.format = .stamped(format)
        expected.target = .none
        #expect(try read(text) == expected)
    }

    @Test func `what it did not say is as it is by default`() throws {
        #expect(try read("{}") == LogSpec())
        var expected = LogSpec()
        expected.outFile = "/var/log/api.log"
        expected.isMerged = false
        #expect(try read(#"{"isDisabled":false,"outFile":"/var/log/api.log","isMerged":false}"#) == expected)
    }

    @Test func `the first release understands what is turned off now`() throws {
        struct Earlier: Decodable { var isDisabled: Bool }
        var spec = LogSpec()
        #expect(try JSONDecoder().decode(Earlier.self, from: JSONEncoder().encode(spec)).isDisabled == false)
        spec.target = .none
        #expect(try JSONDecoder().decode(Earlier.self, from: JSONEncoder().encode(spec)).isDisabled)
    }

    @Test func `a rotation of which nothing is written has no bound, and one that is missing has the usual ones`()
        throws
    {
        let nothing = try #require(try read(#"{"rotation": {}}"#).rotation)
        #expect(nothing.size == nil && nothing.schedule == nil && nothing.keep == nil && nothing.maxAge == nil)
        #expect(nothing.total == nil && nothing.compression == .none)
        #expect(try read(#"{"isRotated": true}"#).rotation == LogRotation())
        #expect(try read(#"{"isRotated": false}"#).rotation == nil)
    }

    @Test(arguments: [
        #"{"target":"paper"}"#, #"{"whenFull":"wait"}"#, #"{"mode":-1}"#, #"{"isMerged":"no"}"#,
        #"{"rotation":{"compression":"rar"}}"#, #"{"rotation":{"keep":"x"}}"#, #"{"dateFormat":"YYYY"}"#,
    ])
    func `what is written wrongly is not passed over`(_ text: String) {
        #expect(throws: DecodingError.self) { try read(text) }
    }
}
