import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct LogFileTests {
    @Test func `files and stamps of PM2`() throws {
        let logs = try app(
            "out: ./logs/out.log\nerr_log: /var/log/e.log\nlog_date_format: 'YYYY-MM-DD HH:mm:ss Z'\ndisable_logs: true\n"
        ).logs
        #expect(logs.outFile == "/srv/shop/logs/out.log" && logs.errorFile == "/var/log/e.log")
        #expect(logs.format.dateFormat?.tokens.count == 13 && logs.target == .none)
        #expect(try app("").logs == LogSpec())
        #expect(try app("out_file: 'NULL'\nerror: /dev/null\n").logs.outFile == "/dev/null")
    }

    @Test(arguments: ["log_file", "log", "logFile"])
    func `one file for both streams`(name: String) throws {
        #expect(try app("\(name): ./logs/all.log\n").logs.combinedFile == "/srv/shop/logs/all.log")
        #expect(try app("\(name): ~/all.log\n").logs.combinedFile == "/home/ann/all.log")
        #expect(try app("\(name): true\n").logs.combinedFile == "api.log")
        #expect(
            try app("\(name): true\nname_prefix: eu-\n").logs.combinedPath(in: "/var/log/koomy")
                == "/var/log/koomy/eu-api.log"
        )
        #expect(try app("\(name): /var/log/a.log\n").logs.combinedPath(in: "/x") == "/var/log/a.log")
        for none in ["false", "'NULL'", "/dev/null", "null"] {
            #expect(try app("\(name): \(none)\n").logs == LogSpec())
        }
        #expect(LogSpec().combinedPath(in: "/x") == nil)
        expectAttributeProblems(
            "\(name): «5\n",
            "\"\(name)\" is a path, true or false, not the number 5 | ./logs/all.log"
        )
        expectAttributeProblems("\(name): «''\n", "\"\(name)\" is empty")
        expectAttributeProblems("\(name): «~bob/x\n", "the home of another user")
    }

    @Test func `a combined file that is none`() {
        expectAttributeProblems("log_file: «[a]\n", "\"log_file\" is a path, true or false, not a list")
        expectAttributeProblems("log_file: «{format: json}\n", "a path, true or false, not a mapping")
        expectAttributeProblems(
            "log: «[a]\n",
            "\"log\" is a mapping, a path, true or false, not a list | {format: json}"
        )
        expectAttributeProblems(
            "log_file: a\n«log: b\n",
            "\"log\" and \"log_file\" are two names | the other is at 3:1"
        )
        expectAttributeProblems(
            "log: true\n«log_file: b\n",
            "\"log_file\" and \"log\" are two names | the other is at 3:1"
        )
        expectAttributeProblems("out_file: a.log\nlog: «./a.log\n", "this is the file of \"out_file\"")
        expectAttributeProblems(
            "err: a.log\nlog_file: «/srv/shop/a.log\n",
            "this is the file of \"err\" | take this out"
        )
    }

    @Test func `a combined file beside the mapping`() throws {
        let logs = try app("log_file: true\nlog: {format: json}\n").logs
        #expect(logs.combinedFile == "api.log" && logs.format == .json)
        #expect(try app("out_file: a.log\nerror_file: a.log\n").logs.errorFile == "/srv/shop/a.log")
    }

    @Test(arguments: ["merge_logs", "combine_logs", "mergeLogs"])
    func `workers share files or have their own`(name: String) throws {
        #expect(try app("").logs.isMerged)
        #expect(try app("\(name): true\n").logs.isMerged)
        #expect(try !app("\(name): false\n").logs.isMerged)
        expectAttributeProblems("\(name): «maybe\n", "\"\(name)\" is true or false, without quotes")
    }

    @Test func `apps that write one file`() throws {
        let both = "apps:\n- {name: a, script: ./a, out_file: x.log"
        #expect(try load(both + "}\n- {name: b, script: ./b, error_file: ./x.log, time: true}\n").apps.count == 2)
        #expect(try load(both + ", log: {rotate: false}}\n- {name: b, script: ./b}\n").apps.count == 2)
        #expect(try load(both + "}\n- {name: b, script: ./b, merge_logs: false, out_file: x.log}\n").apps.count == 2)
        #expect(
            try load(both + "}\n- {name: b, script: ./b, log: {rotate: false}, disable_logs: true, out_file: x.log}\n")
                .apps.count == 2
        )
        #expect(
            try load(
                "- {name: a, script: ./a, out: /dev/null}\n- {name: b, script: ./b, err: /dev/null, log: {mode: '0600'}}\n"
            ).apps.count == 2
        )
        expectProblems(
            both + "}\n- {name: b, script: ./b, out_file: «x.log, log: {rotate: {size: 1M}}}\n",
            "\"a\" writes this file too, and keeps it in another way | the other is at 2:36"
        )
        expectProblems(
            "- {name: x, script: ./x}\n- {name: x-out, script: ./y, log: «true}\n",
            "x-out.log in the log folder is a file of \"x\" too | that app is at 1:10"
        )
    }
}

@Suite struct LogFormatTests {
    @Test func `time is PM2's short form`() throws {
        let stamped = try app("time: true\n").logs
        #expect(stamped.format.dateFormat?.text == "YYYY-MM-DDTHH:mm:ss")
        #expect(try app("time: true\nlog_date_format: HH\n").logs.format.dateFormat?.text == "HH")
        #expect(try app("time: false\n").logs.format.dateFormat == nil)
        #expect(try app("log_date_format: false\n").logs.format.dateFormat == nil)
    }

    @Test func `a date format that is none`() {
        expectAttributeProblems("log_date_format: «YYYY-MM-Do\n", "unknown token \"Do\" in a date format | [Do]")
        expectAttributeProblems("log_date_format: «'HH [x'\n", "a \"[\" is not closed")
        expectAttributeProblems("log_date_format: «[a]\n", "\"log_date_format\" is a date format, not a list")
    }

    @Test func `lines of JSON`() throws {
        #expect(try app("log_type: json\n").logs.format == .json)
        #expect(try app("log: {format: json}\n").logs.format == .json)
        #expect(try app("log_type: json\ntime: false\nlog_date_format: false\n").logs.format == .json)
        #expect(try app("log_type: raw\n").logs == LogSpec())
        #expect(try app("log: {format: raw}\ntime: true\n").logs.format.dateFormat != nil)
        #expect(try app("log_type: raw\nlog_date_format: HH\n").logs.format.dateFormat?.text == "HH")
    }

    @Test func `nothing stands before a line of JSON`() {
        expectAttributeProblems(
            "log_type: json\nlog_date_format: «HH:mm\n",
            "nothing stands before it | take \"log_date_format\" out, or \"log_type\""
        )
        expectAttributeProblems(
            "log: {format: json}\ntime: «true\n",
            "a line of JSON has its time in it | take \"time\" out, or \"format\""
        )
        let unknown = "unknown token \"Do\""
        expectAttributeProblems("time: «true\nlog_date_format: ««Do\nlog_type: json\n", "in it", unknown, "in it")
    }

    @Test func `a format that is none`() {
        expectAttributeProblems("log_type: «jsn\n", "\"log_type\" is one of raw, json, not the text \"jsn\" | \"json\"")
        expectAttributeProblems("log: {format: «stamped}\n", "\"format\" is one of raw, json | log_date_format: ")
        expectAttributeProblems(
            "log_type: json\nlog: {«format: json}\n",
            "\"format\" and \"log_type\" are two names of one attribute | the other is at 3:1"
        )
        expectAttributeProblems("log: {format: json}\n«logType: raw\n", "\"logType\" and \"format\" are two names")
    }
}

@Suite struct LogTargetTests {
    @Test(arguments: LogTarget.allCases)
    func `what takes the lines`(target: LogTarget) throws {
        #expect(try app("log: {target: \(target.rawValue)}\n").logs.target == target)
        let quiet = "time: false\nlog_date_format: false\nlog_file: false\nlog_type: raw\nmerge_logs: true\n"
        #expect(try app(quiet + "log: {target: \(target.rawValue), rotate: false}\n").logs.target == target)
        if target == .none {
            #expect(try app("disable_logs: true\nlog: {target: none}\n").logs.target == target)
        } else {
            expectAttributeProblems(
                "disable_logs: true\nlog: {target: «\(target.rawValue)}\n",
                "\"target\" is \(target.rawValue), and \"disable_logs\" is true | the other is at 3:1"
            )
        }
        #expect(try app("disable_logs: false\nlog: {target: \(target.rawValue)}\n").logs.target == target)
    }

    @Test func `what the worker writes itself`() throws {
        let logs = try app("out: a.log\nmerge_logs: false\nlog: {target: direct, mode: '0600', owner: ann}\n").logs
        #expect(logs.target == .direct && logs.outFile == "/srv/shop/a.log" && !logs.isMerged && logs.mode == 0o600)
        expectAttributeProblems(
            """
            log_date_format: «HH:mm
            time: «true
            log_file: «true
            log: {target: direct, rotate: «{keep: 3}, full: «block}

            """,
            "\"log_date_format\" cannot be had: with target direct the worker itself writes the file | target: file",
            "\"time\" cannot be had",
            "\"log_file\" cannot be had",
            "\"rotate\" cannot be had",
            "\"full\" cannot be had"
        )
        expectAttributeProblems("log: {target: direct, format: «json}\n", "\"format\" cannot be had")
        expectAttributeProblems("log_type: «json\nlog: {target: direct}\n", "\"log_type\" cannot be had")
    }

    @Test func `what the journal takes`() {
        expectAttributeProblems(
            """
            out_file: «a.log
            err: «b.log
            log_file: «c.log
            merge_logs: «false
            time: «true
            log: {target: journald, rotate: «true, full: «drop, mode: «'0600', owner: «ann, group: «adm}

            """,
            "\"out_file\" cannot be had: with target journald the journal takes the lines",
            "\"err\" cannot",
            "\"log_file\" cannot",
            "\"merge_logs\" cannot",
            "\"time\" cannot",
            "\"rotate\" cannot",
            "\"full\" cannot",
            "\"mode\" cannot",
            "\"owner\" cannot",
            "\"group\" cannot"
        )
    }

    @Test func `nothing is written`() throws {
        expectAttributeProblems(
            "log: {target: none, format: «json, rotate: «true, mode: «'0600'}\n",
            "with target none nothing is written",
            "\"rotate\" cannot",
            "\"mode\" cannot"
        )
        // The switch leaves a file as it is.
        #expect(try app("out: a.log\ntime: true\nlog_file: true\nlog: {target: none}\n").logs.target == .none)
        #expect(try app("disable_logs: true\nlog: {rotate: {keep: 3}, mode: '0600'}\n").logs.rotation?.keep == 3)
    }

    @Test func `a target that is none`() {
        expectAttributeProblems(
            "log: {target: «journal}\n",
            "\"target\" is one of file, direct, journald, none, not the text \"journal\" | \"journald\""
        )
        expectAttributeProblems("log: {target: «[file]}\n", "not a list")
        expectAttributeProblems("log: {full: «wait}\n", "\"full\" is one of block, drop, not the text \"wait\"")
        expectAttributeProblems("log: {«taget: file}\n", "unknown attribute \"taget\" of log | \"target\"")
        expectAttributeProblems("log: {«size: 5M}\n", "unknown attribute \"size\" of log | known here: target, format")
        expectAttributeProblems("«logrotate: {size: 5M}\n", "unknown attribute \"logrotate\" of an app | \"log\"")
    }

    @Test func `who may read the files`() throws {
        let logs = try app("log: {mode: 0600, user: 1000, group: adm, full: block}\n").logs
        #expect(logs.mode == 0o600 && logs.owner == "1000" && logs.group == "adm" && logs.whenFull == .block)
        #expect(try app("log: {mode: \"0644\", owner: ann}\n").logs.owner == "ann")
        expectAttributeProblems("log: {mode: «'0440'}\n", "could not read and write its own file | \"0640\"")
        expectAttributeProblems("log: {mode: «'0240'}\n", "could not read and write its own file")
        expectAttributeProblems("log: {mode: «'1777'}\n", "\"mode\" is an octal number up to 777")
        expectAttributeProblems("log: {mode: «rw}\n", "\"mode\" is an octal number")
        expectAttributeProblems("log: {owner: «a b, group: «'x:y'}\n", "neither a name nor", "neither a name nor")
    }
}
