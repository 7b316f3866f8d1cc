import KoomyModel

// MARK: - When log files are put aside

extension AppReader {
    /// Less than this would spend more time on files than on lines.
    private static let leastSize = ByteCount(bytes: 64 << 10)

    /// A folder with more files than this is of no use to anybody.
    private static let mostFiles: Int64 = 10_000

    private static let leastAge = TimeSpan.seconds(1)

    /// `false` for files that grow; what is not named keeps its default.
    func rotation(_ field: Field?) -> LogRotation? {
        guard let field else { return LogRotation() }
        if case .bool(let isWanted)? = field.node.scalar?.value { return isWanted ? LogRotation() : nil }
        guard let pairs = field.pairs else {
            field.mismatch("true, false or a mapping", example: "{size: 10M, keep: 30}")
            return LogRotation()
        }
        let keys = field.fields(pairs, of: "rotate", as: RotateAttribute.self)
        var rotation = LogRotation()
        rotation.size = unlessFalse(keys[.size], rotation.size) {
            $0.size("a size, or false", atLeast: Self.leastSize, example: "10M")
        }
        rotation.schedule = unlessFalse(keys[.every], rotation.schedule, schedule)
        rotation.keep = unlessFalse(keys[.keep], rotation.keep, count)
        rotation.maxAge = unlessFalse(keys[.maxAge], rotation.maxAge, age)
        rotation.total = unlessFalse(keys[.total], rotation.total) {
            $0.size("a size, or false", atLeast: Self.leastSize, example: "1G")
        }
        rotation.compression = keys[.compress].flatMap(compression) ?? rotation.compression
        check(rotation, keys)
        return rotation
    }

    /// `false` sets no bound; a value that cannot be read has been reported.
    private func unlessFalse<Value>(_ field: Field?, _ standard: Value?, _ read: (Field) -> Value?) -> Value? {
        guard let field else { return standard }
        return field.isFalse ? nil : read(field) ?? standard
    }

    /// A cron expression, or the word for one: `daily` is `@daily`.
    private func schedule(_ field: Field) -> CronSchedule? {
        let expected = "a cron expression or one of \(CronExpression.words.joined(separator: ", "))"
        guard let text = field.text(expected, example: "daily") else { return nil }
        if let schedule = CronExpression.schedule(ofWord: text) { return schedule }
        guard text.hasPrefix("@") || text.contains(where: \.isWhitespace) else {
            let suggestion = Spelling.suggestion(for: text, among: CronExpression.words)
            field.fail(
                "\"\(field.name)\" is \(expected), not \(field.node.summary)",
                hint: suggestion.map { "did you mean \"\($0)\"?" } ?? #"for example every: "0 4 * * *""#
            )
            return nil
        }
        return field.value { () throws(ValueProblem) in try CronExpression.parse(text) }
    }

    private func count(_ field: Field) -> Int? {
        field.integer(in: 0...Self.mostFiles, example: "30").map(Int.init)
    }

    private func age(_ field: Field) -> TimeSpan? {
        guard let age = field.duration(example: "14d") else { return nil }
        guard age >= Self.leastAge else {
            field.fail("\"\(field.name)\" is only \(age)", hint: "for example \(field.name): 14d; a bare number is ms")
            return nil
        }
        return age
    }

    /// PM2's module has a flag here.
    private func compression(_ field: Field) -> LogCompression? {
        if case .bool(let isWanted)? = field.node.scalar?.value { return isWanted ? .gzip : LogCompression.none }
        return field.word(LogCompression.self)
    }

    private func check(_ rotation: LogRotation, _ keys: Fields<RotateAttribute>) {
        if rotation.size == nil, rotation.schedule == nil {
            keys.fail(
                "nothing says when a file is put aside",
                hint: "give size or every; rotate: false lets files grow"
            )
        }
        guard let size = rotation.size, let total = rotation.total, total < size, rotation.keep != 0 else { return }
        guard let field = keys[.total] ?? keys[.size] else { return }
        field.fail(
            "\"total\" is \(total) and \"size\" \(size): not one file that was put aside could stay",
            hint: "for example total: \(size.multiplied(by: 10)), or total: false for no bound"
        )
    }
}
