/// Where the lines of an app's workers go.
package struct LogSpec: Hashable, Sendable {
    /// Absolute path of the file for standard output; nil for the daemon's log folder, `APP-out.log`.
    package var outFile: String?
    /// Absolute path of the file for standard error; nil for the daemon's log folder, `APP-error.log`.
    package var errorFile: String?
    /// A file for both streams, beside the two others: its absolute path, or a bare name in the daemon's log folder.
    package var combinedFile: String?
    /// Whether the workers of the app share its files; otherwise each slot has files of its own.
    package var isMerged = true
    package var format = LogFormat.raw
    package var target = LogTarget.file
    /// nil where files grow until something else moves them away.
    package var rotation: LogRotation? = LogRotation()
    package var whenFull = LogOverflow.drop
    /// Permission bits of files that are made.
    package var mode: UInt32 = 0o640
    /// User and group of files that are made, each a name or a number; nil for koomyd's own.
    package var owner: String?
    package var group: String?

    package init() {}

    /// The path of the combined file, where there is one, with the daemon's log folder before a bare name.
    package func combinedPath(in folder: String) -> String? {
        combinedFile.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }
}

/// What becomes of a line on its way.
package enum LogFormat: Hashable, Sendable {
    /// Byte for byte as it was written.
    case raw
    /// With the time of its arrival and `: ` before it.
    case stamped(LogDateFormat)
    /// As an object of JSON: time, app, slot, generation, stream and message.
    case json

    /// What lines begin with where they are stamped.
    package var dateFormat: LogDateFormat? { if case .stamped(let format) = self { format } else { nil } }
}

/// What takes the lines.
package enum LogTarget: String, Hashable, Sendable, Codable, CaseIterable {
    /// Files that koomyd writes.
    case file
    /// Files that the worker itself writes: koomyd neither sees, stamps nor rotates its lines.
    case direct
    /// The systemd journal, to which the worker writes by itself.
    case journald
    case none
}

/// What is done with lines that the disk does not take.
package enum LogOverflow: String, Hashable, Sendable, Codable, CaseIterable {
    /// They stay in the worker's pipe; when that is full, the worker waits.
    case block
    /// They are counted and thrown away, and a line in the file says so as soon as there is room.
    case drop
}

/// When a log file is put aside, and how many of those are kept.
package struct LogRotation: Hashable, Sendable {
    /// Put aside before a line that would make it larger; nil for never by size.
    package var size: ByteCount? = ByteCount(bytes: 10 << 20)
    /// Put aside at these times, unless it is empty.
    package var schedule: CronSchedule?
    /// How many of each file are kept beside the one that is written; nil for any number.
    package var keep: Int? = 10
    /// Older ones are removed.
    package var maxAge: TimeSpan?
    /// How much space all files of an app that were put aside may take; the oldest go first.
    package var total: ByteCount? = ByteCount(bytes: 200 << 20)
    package var compression = LogCompression.none

    package init() {}

    /// Whether anything is ever done with files that were put aside.
    package var removesOrCompresses: Bool {
        keep != nil || maxAge != nil || total != nil || compression != .none
    }
}

package enum LogCompression: String, Hashable, Sendable, Codable, CaseIterable {
    case none, gzip, zstd

    /// What a file's name ends with after it; nil for nothing.
    package var suffix: String? {
        switch self {
        case .none: nil
        case .gzip: "gz"
        case .zstd: "zst"
        }
    }
}

/// One of the streams of a worker.
package enum LogStream: String, Hashable, Sendable, Codable, CaseIterable {
    case out, error
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

// MARK: - As it is kept on disk

extension LogSpec: Codable {
    private enum CodingKeys: String, CodingKey {
        case outFile, errorFile, combinedFile, isMerged, dateFormat, isJSON, target, isRotated, rotation, whenFull,
            mode,
            owner, group
        /// How the first release wrote the target `none`.
        case isDisabled
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.outFile, into: &outFile)
        try values.read(.errorFile, into: &errorFile)
        try values.read(.combinedFile, into: &combinedFile)
        try values.read(.isMerged, into: &isMerged)
        var (isJSON, isDisabled, isRotated) = (false, false, true)
        var dateFormat: LogDateFormat?
        try values.read(.dateFormat, into: &dateFormat)
        try values.read(.isJSON, into: &isJSON)
        format = isJSON ? .json : dateFormat.map { .stamped($0) } ?? .raw
        try values.read(.isDisabled, into: &isDisabled)
        target = isDisabled ? .none : .file
        try values.read(.target, into: &target)
        try values.read(.isRotated, into: &isRotated)
        try values.read(.rotation, into: &rotation)
        if !isRotated { rotation = nil }
        try values.read(.whenFull, into: &whenFull)
        try values.read(.mode, into: &mode)
        try values.read(.owner, into: &owner)
        try values.read(.group, into: &group)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(outFile, forKey: .outFile)
        try values.encodeIfPresent(errorFile, forKey: .errorFile)
        try values.encodeIfPresent(combinedFile, forKey: .combinedFile)
        try values.encode(isMerged, forKey: .isMerged)
        try values.encodeIfPresent(format.dateFormat, forKey: .dateFormat)
        try values.encode(format == .json, forKey: .isJSON)
        try values.encode(target, forKey: .target)
        try values.encode(target == .none, forKey: .isDisabled)
        try values.encode(rotation != nil, forKey: .isRotated)
        try values.encodeIfPresent(rotation, forKey: .rotation)
        try values.encode(whenFull, forKey: .whenFull)
        try values.encode(mode, forKey: .mode)
        try values.encodeIfPresent(owner, forKey: .owner)
        try values.encodeIfPresent(group, forKey: .group)
    }
}

extension LogRotation: Codable {
    private enum CodingKeys: String, CodingKey { case size, schedule, keep, maxAge, total, compression }

    /// Nothing is also what somebody wanted: only a missing object means the defaults.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        size = try values.decodeIfPresent(ByteCount.self, forKey: .size)
        schedule = try values.decodeIfPresent(CronSchedule.self, forKey: .schedule)
        keep = try values.decodeIfPresent(Int.self, forKey: .keep)
        maxAge = try values.decodeIfPresent(TimeSpan.self, forKey: .maxAge)
        total = try values.decodeIfPresent(ByteCount.self, forKey: .total)
        try values.read(.compression, into: &compression)
    }
}
