/// Where the lines of an app's workers go.
package struct LogSpec: Hashable, Sendable, Codable {
    /// Absolute path of the file for standard output; nil for the daemon's log folder, `APP-out.log`.
    package var outFile: String?
    /// Absolute path of the file for standard error; nil for the daemon's log folder, `APP-error.log`.
    package var errorFile: String?
    /// What each line begins with; nil for the line as it was written.
    package var dateFormat: LogDateFormat?
    package var isDisabled = false

    package init() {}
}

/// A `log_date_format` in PM2's (moment's) tokens, taken apart.
package struct LogDateFormat: Hashable, Sendable, Codable {
    /// A piece of the stamp; local time.
    package enum Token: Hashable, Sendable, Codable {
        case literal(String)
        case year, year2, month, monthShort, monthName, month1, day, day1, hour, hour1, hour12, hour12Padded, minute,
            second
        case tenth, hundredth, millisecond, microsecond
        /// `+01:00` and `+0100`.
        case offset, offsetCompact
        case unixSeconds, unixMilliseconds
        case weekdayShort, weekdayName
        /// `AM` and `am`.
        case meridiemUpper, meridiemLower
    }

    /// As it was written.
    package var text: String
    package var tokens: [Token]

    package init(text: String, tokens: [Token]) {
        self.text = text
        self.tokens = tokens
    }
}

extension LogSpec {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.outFile, into: &outFile)
        try values.read(.errorFile, into: &errorFile)
        try values.read(.dateFormat, into: &dateFormat)
        try values.read(.isDisabled, into: &isDisabled)
    }
}
