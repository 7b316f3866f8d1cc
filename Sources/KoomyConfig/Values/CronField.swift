/// A field of a cron expression, in the order of six fields.
enum CronField: String, CaseIterable {
    case second, minute, hour
    case day = "day of the month"
    case month
    case weekday

    /// What may be written; a weekday of 7 is Sunday, as 0.
    private var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .day: 1...31
        case .month: 1...12
        case .weekday: 0...7
        }
    }

    private var names: [String] {
        switch self {
        case .second, .minute, .hour, .day: []
        // The first month is 1.
        case .month: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .weekday: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        }
    }

    /// Every value that a list such as `1,10-20/2` stands for, as bits.
    func values(of text: String) throws(ValueProblem) -> UInt64 {
        var bits: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            for value in try values(ofItem: item) { bits |= 1 << UInt64(value) }
        }
        // Sunday has two numbers.
        if self == .weekday, bits >> 7 & 1 == 1 { bits = bits & 0x7F | 1 }
        return bits
    }

    private func values(ofItem item: Substring) throws(ValueProblem) -> StrideThrough<Int> {
        let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let step = parts.count == 2 ? Int(parts[1]) : 1
        guard let step, step > 0 else {
            throw ValueProblem(message: "the step \"\(parts[1])\" is not a number from 1", hint: "for example */5")
        }
        let last = self == .weekday ? 6 : range.upperBound
        let text = parts[0]
        if text == "*" || text == "?" { return stride(from: range.lowerBound, through: last, by: step) }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let from = try value(of: ends[0])
        if ends.count == 2 {
            let through = try value(of: ends[1])
            guard from <= through else {
                throw ValueProblem(message: "the \(rawValue) range \"\(text)\" ends before it begins")
            }
            return stride(from: from, through: through, by: step)
        }
        return stride(from: from, through: parts.count == 2 ? max(last, from) : from, by: step)
    }

    private func value(of text: Substring) throws(ValueProblem) -> Int {
        if !text.isEmpty, let index = names.firstIndex(of: text.lowercased()) { return index }
        guard text.utf8.allSatisfy(ASCII.isDigit), let value = Int(text), range.contains(value) else {
            let letters = names.isEmpty ? "" : ", or a name such as \(names.last ?? "")"
            throw ValueProblem(
                message: "\"\(text)\" is no \(rawValue)",
                hint: "\(range.lowerBound) to \(range.upperBound)\(letters)"
            )
        }
        return value
    }
}
