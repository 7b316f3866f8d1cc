import Glibc

/// An extended regular expression (regex(7)) that lines are searched with.
final class LinePattern {
    /// Why a text is no expression.
    struct Problem: Error, Equatable {
        var message: String
        /// Where the part begins that cannot be understood; 1 is the first character.
        var position: Int
    }

    private var expression = regex_t()

    init(_ text: String, ignoresCase: Bool) throws(Problem) {
        // Characters are those of the user's locale, so that `.` is one of them and not a byte.
        setlocale(LC_CTYPE, "")
        let flags = REG_EXTENDED | REG_NOSUB | (ignoresCase ? REG_ICASE : 0)
        let code = regcomp(&expression, text, flags)
        guard code != 0 else { return }
        var buffer = [CChar](repeating: 0, count: 256)
        regerror(code, &expression, &buffer, buffer.count)
        let message = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        throw Problem(message: message, position: Self.lengthUnderstood(of: text, flags) + 1)
    }

    deinit { regfree(&expression) }

    /// regcomp(3) does not say where it fails; the longest beginning that is an expression ends there.
    private static func lengthUnderstood(of text: String, _ flags: Int32) -> Int {
        var rest = Substring(text)
        while !rest.isEmpty {
            rest.removeLast()
            var expression = regex_t()
            if regcomp(&expression, String(rest), flags) == 0 {
                regfree(&expression)
                return rest.count
            }
        }
        return 0
    }

    /// Whether the expression is found in these bytes, which may be anything.
    func matches(_ bytes: ArraySlice<UInt8>) -> Bool {
        // REG_STARTEND needs no end of the string, but sanitizers look for one.
        let text = [CChar](unsafeUninitializedCapacity: bytes.count + 1) { text, count in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(text).copyMemory(from: $0) }
            text[bytes.count] = 0
            count = bytes.count + 1
        }
        var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(clamping: bytes.count))
        return regexec(&expression, text, 1, &range, REG_STARTEND) == 0
    }
}
