extension Field {
    /// A user or group: a name of useradd(8)'s form, or a number.
    func account(example: String) -> String? {
        guard let text = text("a name or a number", example: example) else { return nil }
        // The highest number means "no change" to setuid(2) and its kin.
        let isNumber = UInt32(text).map { $0 != .max } ?? false
        let isName = text.utf8.first.map { ASCII.isLetter($0) || $0 == UInt8(ascii: "_") } ?? false
        let hasBadByte = text.utf8.contains { !ASCII.isAlphanumeric($0) && !"_-.$@".utf8.contains($0) }
        guard isNumber || (isName && !hasBadByte) else {
            fail("\"\(text)\" is neither a name nor a number", hint: "for example \(name): \(example)")
            return nil
        }
        return text
    }
}
