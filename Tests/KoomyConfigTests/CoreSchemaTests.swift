import Testing

@testable import KoomyConfig

@Suite struct CoreSchemaTests {
    @Test(arguments: [
        ("", Scalar.Value.null), ("~", .null), ("null", .null), ("NULL", .null), ("Null", .null), ("nULL", .string),
        ("true", .bool(true)), ("True", .bool(true)), ("TRUE", .bool(true)), ("false", .bool(false)),
        ("yes", .string), ("no", .string), ("on", .string), ("off", .string), ("y", .string), ("tRue", .string),
        ("0", .integer(0)), ("-0", .integer(0)), ("+12", .integer(12)), ("-7", .integer(-7)), ("007", .integer(7)),
        ("0x1F", .integer(31)), ("0o17", .integer(15)), ("0b1", .string), ("0x", .string), ("0o8", .string),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", .integer(nil)), ("1_000", .string),
        ("1.5", .float(1.5)), ("-.5", .float(-0.5)), ("1.", .float(1)), ("1e3", .float(1000)),
        ("1E-2", .float(0.01)), ("1e", .string), (".", .string), ("-", .string), ("+", .string), ("1.2.3", .string),
        (".inf", .float(.infinity)), ("-.INF", .float(-.infinity)), ("inf", .string), ("nan", .string),
        ("1 2", .string), ("12:30", .string), ("0x1p3", .string), ("2024-01-01", .string), ("e3", .string),
    ])
    func `what a plain scalar means`(text: String, value: Scalar.Value) {
        #expect(CoreSchema.value(ofPlain: text) == value)
    }

    @Test func `not a number is one`() {
        guard case .float(let number) = CoreSchema.value(ofPlain: ".nan") else {
            Issue.record("not a float")
            return
        }
        #expect(number.isNaN)
        #expect(CoreSchema.value(ofPlain: "-.nan") == .string)
    }

    @Test(arguments: [
        ("5", "str", Scalar.Value.string), ("5", "int", .integer(5)), ("x", "int", nil), ("5", "float", .float(5)),
        ("true", "bool", .bool(true)), ("1", "bool", nil), ("", "null", .null), ("x", "null", nil), ("1.5", "int", nil),
        ("x", "float", nil), ("x", "binary", nil),
    ])
    func `what a tag makes of a scalar`(text: String, tag: String, value: Scalar.Value?) {
        #expect(CoreSchema.value(of: text, tag: "tag:yaml.org,2002:" + tag) == value)
    }
}
