import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct RotationTests {
    private func rotation(_ text: String) throws -> LogRotation? { try app("log: {rotate: \(text)}\n").logs.rotation }

    @Test func `every attribute`() throws {
        var expected = LogRotation()
        expected.size = ByteCount(bytes: 5 << 20)
        expected.schedule = try CronExpression.parse("30 4 * * mon")
        expected.keep = 30
        expected.maxAge = .seconds(14 * 86_400)
        expected.total = ByteCount(bytes: 1 << 30)
        expected.compression = .zstd
        let text = "{size: 5M, every: '30 4 * * mon', keep: 30, max_age: 14d, total: 1G, compress: zstd}"
        #expect(try rotation(text) == expected)
        // The names of PM2's module.
        let other = "{max_size: 5M, rotateInterval: '30 4 * * mon', retain: 30, maxAge: 14d, total: 1G, compress: zstd}"
        #expect(try rotation(other) == expected)
    }

    @Test func `what is not named keeps its default`() throws {
        for text in ["true", "{}", "null", "{keep: null}", "{keep: 10, compress: none}", "{every: false}"] {
            #expect(try rotation(text) == LogRotation())
        }
        #expect(try app("log: {}\n").logs == LogSpec())
        #expect(try rotation("false") == nil)
        var expected = LogRotation()
        expected.keep = 3
        #expect(try rotation("{keep: 3}") == expected)
    }

    @Test func `false takes a bound out`() throws {
        var expected = LogRotation()
        (expected.size, expected.keep, expected.maxAge, expected.total) = (nil, nil, nil, nil)
        expected.schedule = try CronExpression.parse("@daily")
        expected.schedule?.text = "daily"
        #expect(try rotation("{size: false, every: daily, keep: false, max_age: false, total: false}") == expected)
    }

    @Test(arguments: [
        ("hourly", "0 * * * *"), ("daily", "0 0 * * *"), ("weekly", "0 0 * * 0"), ("monthly", "0 0 1 * *"),
    ])
    func `words for times`(word: String, expression: String) throws {
        var expected = try CronExpression.parse(expression)
        expected.text = word
        #expect(try rotation("{every: \(word)}")?.schedule == expected)
        expected.text = "@" + word
        #expect(try rotation("{every: \"@\(word)\"}")?.schedule == expected)
    }

    @Test func `times that are none`() {
        expectAttributeProblems("log: {rotate: {every: «dayly}}\n", "one of hourly, daily, weekly, monthly | \"daily\"")
        expectAttributeProblems("log: {rotate: {every: «24h}}\n", "not the text \"24h\" | every: \"0 4 * * *\"")
        expectAttributeProblems("log: {rotate: {every: «true}}\n", "is a cron expression or one of hourly")
        expectAttributeProblems("log: {rotate: {every: «'0 0 30 2 *'}}\n", "this time never comes")
        expectAttributeProblems("log: {rotate: {every: «'0 25 * * *'}}\n", "\"25\" is no hour | 0 to 23")
        expectAttributeProblems("log: {rotate: {every: «'@dayly'}}\n", "@dayly is not a time of day | @daily")
        expectAttributeProblems("log: {rotate: {every: «[daily]}}\n", "not a list")
    }

    @Test func `bounds of amounts`() throws {
        #expect(try rotation("{size: 64K}")?.size?.description == "64K")
        #expect(try rotation("{keep: 0, size: 1G}")?.keep == 0)
        #expect(try rotation("{max_age: 1s}")?.maxAge == .seconds(1))
        expectAttributeProblems("log: {rotate: {size: «65535}}\n", "\"size\" is only 65535 bytes | at least 64K")
        expectAttributeProblems("log: {rotate: {size: «0}}\n", "only 0 bytes | for example size: 10M")
        expectAttributeProblems("log: {rotate: {size: «big}}\n", "\"size\" is a size, or false, not the text \"big\"")
        expectAttributeProblems("log: {rotate: {size: «true}}\n", "\"size\" is a size, or false, not true")
        expectAttributeProblems("log: {rotate: {total: «1K}}\n", "\"total\" is only 1024 bytes")
        expectAttributeProblems("log: {rotate: {keep: «-1}}\n", "\"keep\" is 0 to 10000, not -1 | keep: 30")
        expectAttributeProblems("log: {rotate: {keep: «many}}\n", "\"keep\" is a whole number, not the text \"many\"")
        expectAttributeProblems("log: {rotate: {max_age: «14}}\n", "\"max_age\" is only 14ms | max_age: 14d")
        expectAttributeProblems("log: {rotate: {max_age: «0}}\n", "more than nothing")
        expectAttributeProblems("log: {rotate: {compress: «bzip2}}\n", "\"compress\" is one of none, gzip, zstd")
    }

    @Test func `compression as PM2's module has it`() throws {
        #expect(try rotation("{compress: true}")?.compression == .gzip)
        #expect(try rotation("{compress: false}")?.compression == LogCompression.none)
        #expect(try rotation("{compress: gzip}")?.compression == .gzip)
    }

    @Test func `a file that is put aside can stay`() throws {
        #expect(try rotation("{size: 200M}")?.size == LogRotation().total)
        #expect(try rotation("{size: 500M, total: false}")?.total == nil)
        expectAttributeProblems(
            "log: {rotate: {size: «500M}}\n",
            "\"total\" is 200M and \"size\" 500M: not one file that was put aside could stay | total: 5000M"
        )
        expectAttributeProblems("log: {rotate: {total: «1M, size: 2M}}\n", "\"total\" is 1M and \"size\" 2M")
        expectAttributeProblems("log: {rotate: {total: «1M}}\n", "\"total\" is 1M and \"size\" 10M")
        expectAttributeProblems(
            "log: {rotate: «{size: false}}\n",
            "nothing says when a file is put aside | rotate: false"
        )
    }

    @Test func `rotation that is none`() {
        expectAttributeProblems(
            "log: {rotate: «daily}\n",
            "\"rotate\" is true, false or a mapping, not the text | {size: 10M"
        )
        expectAttributeProblems("log: {rotate: «[a]}\n", "not a list")
        expectAttributeProblems("log: {rotate: {«kep: 3}}\n", "unknown attribute \"kep\" of rotate | \"keep\"")
        expectAttributeProblems("log: {rotate: {«backups: 3}}\n", "unknown attribute \"backups\" of rotate | \"keep\"")
        expectAttributeProblems(
            "log: {rotate: {keep: 3, «retain: 4}}\n",
            "\"retain\" and \"keep\" are two names of one attribute"
        )
    }

    @Test func `all problems at once`() {
        expectAttributeProblems(
            """
            log_date_format: «Qo
            log:
              format: «xml
              rotate:
                size: «1K
                every: «'* * *'
                keep: «many
              full: «never
              mode: «x

            """,
            "unknown token \"Qo\"",
            "\"format\" is one of raw, json",
            "\"size\" is only 1024 bytes",
            "not 3",
            "\"keep\" is a whole number",
            "\"full\" is one of block, drop",
            "\"mode\" is an octal number"
        )
    }
}
