import KoomyModel

/// Reads a `log_date_format`, which PM2 gives to moment.js: `YYYY-MM-DD HH:mm:ss Z`.
enum MomentFormat {
    private static let tokens: [String: LogDateFormat.Token] = [
        "YYYY": .year, "YY": .year2, "MMMM": .monthName, "MMM": .monthShort, "MM": .month, "M": .month1, "DD": .day,
        "D": .day1, "HH": .hour, "H": .hour1, "hh": .hour12Padded, "h": .hour12, "mm": .minute, "ss": .second,
        "S": .tenth, "SS": .hundredth, "SSS": .millisecond, "SSSSSS": .microsecond, "Z": .offset,
        "ZZ": .offsetCompact, "X": .unixSeconds, "x": .unixMilliseconds, "dddd": .weekdayName, "ddd": .weekdayShort,
        "A": .meridiemUpper, "a": .meridiemLower,
    ]

    /// Letters that moment.js takes as tokens and koomy does not; every other letter stands for itself there.
    private static let foreign = "EGLNQWYdegkmswyz"

    /// Letters that an `o` after them makes an ordinal: `Do` is 1st.
    private static let ordinals = "DMQWdwy"

    static func parse(_ text: String) throws(ValueProblem) -> LogDateFormat {
        var result: [LogDateFormat.Token] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.first {
            if character == "[" {
                guard let end = rest.firstIndex(of: "]") else {
                    throw ValueProblem(message: "a \"[\" is not closed", hint: "text in [brackets] is taken as it is")
                }
                literal += rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
                continue
            }
            guard character.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw ValueProblem(message: "a date format stands on one line", hint: "take the control character out")
            }
            let run = rest.prefix { $0 == character }
            rest = rest.dropFirst(run.count)
            if rest.first == "o", ordinals.contains(character) { throw unknown(run + "o") }
            if let token = tokens[String(run)] {
                if !literal.isEmpty { result.append(.literal(literal)) }
                literal = ""
                result.append(token)
            } else if foreign.contains(character) || tokens[String(character)] != nil {
                throw unknown(run)
            } else {
                literal += run
            }
        }
        if !literal.isEmpty { result.append(.literal(literal)) }
        return LogDateFormat(text: text, tokens: result)
    }

    private static func unknown(_ run: some StringProtocol) -> ValueProblem {
        let letter = String(run.prefix(1))
        let known = tokens.keys.filter { $0.hasPrefix(letter) }.sorted()
        let advice = known.isEmpty ? "" : "; known with this letter: \(known.joined(separator: " "))"
        return ValueProblem(
            message: "unknown token \"\(run)\" in a date format",
            hint: "text that is meant as it is stands in brackets: [\(run)]" + advice
        )
    }
}
