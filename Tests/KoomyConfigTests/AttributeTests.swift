import KoomyModel
import Testing

@testable import KoomyConfig

/// Every attribute once, with a value that is not its default.
private let everyAttribute: [String: String] = [
    "script": "./other", "args": "a b", "interpreter": "python3", "cwd": "sub", "name": "other", "instances": "3",
    "env": "{A: 1}", "port": "3000", "listen": "5000", "ready": "notify", "health": "/health",
    "replace": "stop-first", "surge": "2", "user": "www-data", "group": "www-data", "interpreter_args": "-O",
    "name_prefix": "x-", "append_env_to_name": "true", "exec_mode": "fork", "instance_var": "SLOT",
    "increment_var": "PORT", "wait_ready": "true", "ready_timeout": "20s", "watchdog": "30s", "autostart": "false",
    "autorestart": "false", "min_uptime": "5s", "max_restarts": "3", "restart_window": "1m", "restart_delay": "2s",
    "backoff": "200ms", "max_backoff": "30s", "jitter": "0.5", "stop_exit_codes": "[0, 3]", "errored_retry": "1h",
    "stop_signal": "INT", "kill_timeout": "20s", "pre_drain": "2s",
    "pre_drain_hook": "[./deregister, --now]", "connection_timeout": "5m", "drain": "idle",
    "shutdown_with_message": "true", "max_memory": "300M",
    "hard_memory": "1G", "max_age": "24h", "cron_restart": "'0 4 * * *'", "unavailable": "1", "healthy_time": "5s",
    "umask": "'027'", "nice": "5", "oom_score_adj": "200", "no_new_privs": "true", "limits": "{nofile: 1024}",
    "out_file": "logs/o.log", "error_file": "logs/e.log", "log_date_format": "HH:mm", "time": "true",
    "disable_logs": "true", "log_file": "logs/all.log", "merge_logs": "false", "log_type": "json",
    "log": "{format: json}", "canary": "2", "canary_time": "5m", "promote": "manual", "stagger": "5s",
    "memory_short": "ignore", "pressure_limit": "20", "deploy": "{path: /srv/shop}",
]

private func camelCase(_ name: String) -> String {
    let parts = name.split(separator: "_")
    return String(parts[0]) + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
}

@Suite struct AttributeTests {
    private let context = LoadContext(
        currentDirectory: "/",
        homeDirectory: "/home/ann",
        processorCount: 4,
        environmentName: "production"
    )

    /// A file with one attribute under a name; a missing script and the means for some attributes are added.
    private func spec(_ name: String, _ attribute: AppAttribute) throws -> AppSpec {
        var text = "env_production: {}\n\(name): \(everyAttribute[attribute.rawValue] ?? "")\n"
        if attribute != .script { text += "script: ./server\n" }
        if attribute == .interpreterArgs { text += "interpreter: python3\n" }
        if attribute == .canary { text += "instances: 3\n" }
        return try load(text, context: context).apps[0]
    }

    @Test(arguments: AppAttribute.allCases)
    func `every name of an attribute means the same and does something`(attribute: AppAttribute) throws {
        #expect(everyAttribute[attribute.rawValue] != nil)
        let names = [attribute.rawValue] + attribute.aliases
        if attribute == .incrementVar || attribute == .shutdownWithMessage {
            #expect(throws: ConfigurationError.self) { _ = try spec(attribute.rawValue, attribute) }
            return
        }
        let expected = try spec(attribute.rawValue, attribute)
        let means =
            attribute == .interpreterArgs ? "interpreter: python3\n" : attribute == .canary ? "instances: 3\n" : ""
        let bare = try load("script: ./server\nenv_production: {}\n" + means, context: context).apps[0]
        // Fork mode is what there is anyway.
        if attribute != .execMode { #expect(expected != bare) }
        for name in names.flatMap({ [$0, camelCase($0)] }) {
            #expect(try spec(name, attribute) == expected, "\(name)")
        }
    }

    @Test(arguments: AppAttribute.allCases)
    func `an empty attribute is none`(attribute: AppAttribute) throws {
        guard attribute != .script else { return }
        let bare = try load("script: ./server\n")
        #expect(try load("script: ./server\n\(attribute.rawValue):\n") == bare)
        #expect(try load("script: ./server\n\(attribute.rawValue): null\n") == bare)
    }

    @Test(arguments: AppAttribute.allCases)
    func `a value of a wrong kind has its place and an example`(attribute: AppAttribute) throws {
        let prefix = attribute == .script ? "" : "script: ./server\ninterpreter: node\nenv_production: {}\n"
        let isDoubled = attribute == .interpreter
        let text = (isDoubled ? "script: ./server\nenv_production: {}\n" : prefix) + "\(attribute.rawValue): "
        let wrong: [AppAttribute: [String]] = [
            .args: ["{a: b}", "[[a]]", "[null]"], .interpreterArgs: ["{a: b}"], .env: ["5", "[a]", "text"],
            .listen: ["true", "{}", "[[1]]"], .ready: ["[a]", "soon", "{}"], .health: ["5", "[a]", "true", "{}"],
            .limits: ["5", "[nofile]", "{nofile: x}"], .execMode: ["[a]", "threads"], .replace: ["{}", "maybe"],
            .log: ["5", "[a]", "{format: 5}", "{rotate: {keep: [a]}}"],
        ]
        for value in wrong[attribute] ?? ["{}", "[[]]", "{a: b}"] {
            let error = try #require(throws: ConfigurationError.self, "\(value)") {
                _ = try load(text + value + "\n", context: context)
            }
            let found = error.errors.filter { $0.severity == .error }
            let line = text.components(separatedBy: "\n").count
            #expect(found.allSatisfy { $0.line == line }, "\(error)")
            #expect(found.contains { $0.column > attribute.rawValue.count + 2 }, "\(error)")
            #expect(found.contains { $0.keyPath.hasPrefix(attribute.rawValue) }, "\(error)")
        }
    }

    @Test(arguments: IgnoredAttribute.allCases)
    func `what means nothing here passes with one warning`(attribute: IgnoredAttribute) throws {
        for name in [attribute.rawValue, camelCase(attribute.rawValue)] + attribute.aliases {
            let other = attribute.harmlessValue == "true" ? "false" : "true"
            let text = "apps:\n- script: ./a\n  \(name): \(other)\n- {script: ./b, \(name): [x]}\n"
            let warnings = try load(text).warnings
            #expect(warnings.map { [$0.line, $0.column] } == [[3, 3]], "\(warnings)")
            #expect(warnings[0].message == "\"\(name)\" has no effect: \(attribute.reason)")
            #expect(warnings[0].keyPath == "apps[0].\(name)")
            #expect(try load("script: ./a\n\(name): \(attribute.harmlessValue)\n").warnings.isEmpty)
        }
    }

    @Test func `no name means two things`() {
        let names =
            AppAttribute.allCases.flatMap { [$0.rawValue] + $0.aliases }
            + IgnoredAttribute.allCases.flatMap { [$0.rawValue] + $0.aliases }
        #expect(Set(names).count == names.count)
        #expect(Set(everyAttribute.keys) == Set(AppAttribute.allCases.map(\.rawValue)))
    }

    @Test func `an app keeps what is for tools`() throws {
        #expect(try app("x-owner: {team: a}\n") == app(""))
    }
}

@Suite struct UnitTests {
    @Test(arguments: [
        ("250ms", TimeSpan.milliseconds(250)), ("10s", .seconds(10)), ("1.5h", .seconds(5400)),
        ("1h30m", .seconds(5400)),
        ("2d", .seconds(172_800)), ("3000", .milliseconds(3000)), ("\"3000\"", .milliseconds(3000)), ("0", .zero),
        ("1500.5", .nanoseconds(1_500_500_000)), ("\"10s\"", .seconds(10)), ("0s", .zero), ("1e3", .seconds(1)),
        ("500us", .microseconds(500)),
    ])
    func `lengths of time`(text: String, span: TimeSpan) throws {
        #expect(try app("kill_timeout: \(text)\n").stop.killTimeout == span)
    }

    @Test(arguments: [
        ("-1", "is negative: -1"), ("-5s", "is negative"), ("10 s", "is a length of time, not the text"),
        ("10sec", "not the text"),
        ("10S", "not the text"), ("s", "not the text"), ("1..5s", "not the text"), (".5s", "not the text"),
        ("\"\"", "is a length of time"),
        ("true", "not true"), ("[1]", "not a list"), ("{a: 1}", "not a mapping"), (".inf", "is too long"),
        (".nan", "not the number"),
        ("99999999999999999999", "is too long"), ("999999999999d", "is too long"),
        ("9223372036854775807", "is too long"), ("ten", "not the text"),
    ])
    func `what is no length of time`(text: String, message: String) {
        expectAttributeProblems("kill_timeout: «\(text)\n", message + " | for example kill_timeout: 10s")
        expectAttributeProblems("killTimeout: «\(text)\n", message + " | for example killTimeout: 10s")
    }

    @Test func `a length that has to be one`() {
        expectAttributeProblems("min_uptime: «0\n", "more than nothing | min_uptime: 10s")
        expectAttributeProblems("listen_timeout: «0s\n", "\"listen_timeout\" is more than nothing")
    }

    @Test(arguments: ["kill_timeout", "min_uptime", "ready_timeout", "watchdog", "max_age", "restart_window"])
    func `ten milliseconds are surely ten seconds`(name: String) throws {
        let warnings = try load("script: ./a\n\(name): 10\n").warnings
        #expect(warnings.map(\.message) == ["\"\(name)\" is 10 milliseconds"])
        #expect(warnings.map(\.hint) == ["10s for seconds, 10ms if it is meant"])
        #expect(try load("script: ./a\n\(name): 10ms\n").warnings.isEmpty)
        #expect(try load("script: ./a\n\(name): 1000\n").warnings.isEmpty)
    }

    @Test(
        arguments: [
            ("300M", 300 << 20), ("1.5G", 3 << 29), ("2048KiB", 2 << 20), ("314572800", 300 << 20),
            ("\"314572800\"", 300 << 20),
            ("300MB", 300 << 20), ("300m", 300 << 20), ("1T", 1 << 40), ("4194304.5", 4 << 20),
        ] as [(String, UInt64)]
    )
    func `amounts of memory`(text: String, bytes: UInt64) throws {
        #expect(try app("max_memory: \(text)\n").recycle.maxMemory == ByteCount(bytes: bytes))
    }

    @Test(arguments: [
        ("-300M", "is negative: -300M"), ("300", "is only 300 bytes"), ("1K", "is only 1024 bytes"),
        ("300 M", "not the text"),
        ("300X", "not the text"), ("M", "not the text"), ("true", "not true"), ("[1]", "not a list"),
        ("99999999999G", "is too large"),
        ("99999999999999999999", "is too large"), ("\"\"", "is an amount of memory"), (".inf", "is too large"),
        ("300%", "not the text"),
    ])
    func `what is no amount of memory`(text: String, message: String) {
        expectAttributeProblems("max_memory: «\(text)\n", message + " | for example max_memory: 300M")
    }

    @Test(arguments: ["yes", "no", "on", "\"true\"", "1", "0", "maybe"])
    func `flags are true and false`(text: String) {
        expectAttributeProblems(
            "autorestart: «\(text)\n",
            "\"autorestart\" is true or false, without quotes, not | autorestart: true"
        )
    }

    @Test func `numbers`() throws {
        #expect(try app("max_restarts: \"7\"\n").restart.maxRestarts == 7)
        #expect(try app("max_restarts: 0x10\n").restart.maxRestarts == 16)
        expectAttributeProblems("max_restarts: «1.5\n", "is a whole number, not the number 1.5 | max_restarts: 10")
        expectAttributeProblems("max_restarts: «-1\n", "is 0 to 1000, not -1")
        expectAttributeProblems("max_restarts: «99999999999999999999\n", "is 0 to 1000, not 99999999999999999999")
        expectAttributeProblems("nice: «-21\n", "\"nice\" is -20 to 19, not -21")
        expectAttributeProblems("oom_score_adj: «1001\n", "\"oom_score_adj\" is -1000 to 1000")
        expectAttributeProblems("port: «0\n", "\"port\" is 1 to 65535, not 0")
        expectAttributeProblems("stop_exit_codes: [0, «256]\n", "0 to 255")
        expectAttributeProblems("stop_exit_codes: «x\n", "a whole number")
    }

    @Test func `shares`() throws {
        #expect(try app("jitter: 20%\n").restart.jitter == 0.2)
        #expect(try app("jitter: 0\n").restart.jitter == 0)
        #expect(try app("jitter: \"1\"\n").restart.jitter == 1)
        expectAttributeProblems("jitter: «1.5\n", "\"jitter\" is 0.0 to 1.0, not 1.5")
        expectAttributeProblems("jitter: «some\n", "a number or a percentage")
    }

    @Test func `octal numbers`() throws {
        for text in ["027", "\"027\"", "27", "0o27", "\"27\""] {
            #expect(try app("umask: \(text)\n").attributes.umask == 0o27)
        }
        for text in ["8", "1000", "x", "-1", "0x1", "2.5", "\"\""] {
            expectAttributeProblems("umask: «\(text)\n", "\"umask\" is an octal number up to 777 | umask: \"027\"")
        }
    }
}
