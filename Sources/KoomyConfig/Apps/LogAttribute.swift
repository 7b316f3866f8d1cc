/// The attributes of `log`.
enum LogAttribute: String, Vocabulary {
    case target, format, rotate, full, mode, owner, group

    var aliases: [String] { self == .owner ? ["user"] : [] }
}

/// The attributes of `rotate` in it; the other names are those of PM2's module for rotation.
enum RotateAttribute: String, Vocabulary {
    case size, every, keep
    case maxAge = "max_age"
    case total, compress

    private static let otherNames: [Self: [String]] = [
        .size: ["max_size"], .every: ["rotate_interval"], .keep: ["retain"],
    ]

    var aliases: [String] { Self.otherNames[self] ?? [] }
}
