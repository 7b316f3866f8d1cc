import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct PolicyTests {
    @Test func `restart`() throws {
        let policy = try app(
            """
            autorestart: false
            min_uptime: 5s
            max_restarts: 3
            restart_window: 1m
            restart_delay: 2s
            exp_backoff_restart_delay: 200
            max_backoff: 1m
            jitter: 0.1
            stop_exit_codes: [0, "3"]
            errored_retry: 0
            """
        ).restart
        var expected = RestartPolicy()
        expected.isAutomatic = false
        expected.minUptime = .seconds(5)
        expected.maxRestarts = 3
        expected.window = .seconds(60)
        expected.fixedDelay = .seconds(2)
        expected.delay = .milliseconds(200)
        expected.maxDelay = .seconds(60)
        expected.jitter = 0.1
        expected.stopExitCodes = [0, 3]
        expected.erroredRetry = .zero
        #expect(policy == expected)
        #expect(try app("stop_exit_codes: 7\n").restart.stopExitCodes == [7])
        #expect(try app("").restart == RestartPolicy())
    }

    @Test func `the longest delay is not below the first`() throws {
        #expect(try app("backoff: 20s\n").restart.maxDelay == .seconds(20))
        #expect(try app("backoff: 0\n").restart.delay == .zero)
        expectAttributeProblems(
            "backoff: 20s\nmax_backoff: «10s\n",
            "\"max_backoff\" is shorter than the first delay, 20s | at least 20s"
        )
    }

    @Test(arguments: [
        ("SIGINT", Signal.interrupt), ("INT", .interrupt), ("sigusr2", .user2), ("1", .hangup), ("QUIT", .quit),
    ])
    func `stop`(text: String, signal: Signal) throws {
        #expect(try app("stop_signal: \(text)\n").stop.signal == signal)
        #expect(try app("kill_signal: \(text)\nkill_timeout: 1m\n").stop.killTimeout == .seconds(60))
    }

    @Test func `drain`() throws {
        let policy = try app(
            """
            kill_timeout: 20s
            pre_drain: 2s
            pre_drain_hook: ./deregister --from "the balancer"
            connection_timeout: 5m
            drain: idle
            """
        ).stop
        var expected = StopPolicy()
        expected.killTimeout = .seconds(20)
        expected.preDrain = .seconds(2)
        expected.preDrainHook = ["./deregister", "--from", "the balancer"]
        expected.connectionTimeout = .seconds(300)
        expected.drain = .idle
        #expect(policy == expected)
        #expect(try app("connection_timeout: 0\n").stop == StopPolicy())
    }

    @Test func `a drain that could not be meant`() {
        expectAttributeProblems(
            "connection_timeout: «10s\n",
            "\"connection_timeout\" is over before kill_timeout, 10s | both count from the stop signal"
        )
        expectAttributeProblems("pre_drain_hook: «[\"\"]\n", "this hook runs no command | for example pre_drain_hook:")
        expectAttributeProblems("drain: «idel\n", "idel | idle")
        expectAttributeProblems("pre_drain: «soon\n", "soon | pre_drain: 2s")
    }

    @Test func `signals that are none or cannot be caught`() {
        expectAttributeProblems("stop_signal: «TREM\n", "\"TREM\" is not a signal | stop_signal: SIGTERM")
        expectAttributeProblems("stop_signal: «0\n", "\"0\" is not a signal")
        expectAttributeProblems("kill_signal: «KILL\n", "SIGKILL cannot be caught | SIGTERM")
        expectAttributeProblems("stop_signal: «SIGSTOP\n", "SIGSTOP cannot be caught")
    }

    @Test(arguments: [
        ("surge: 2\n", 2, 0), ("surge: 25%\ninstances: 3\n", 1, 0), ("surge: 50%\ninstances: 3\n", 2, 0),
        ("surge: 100%\ninstances: 3\n", 3, 0),
        ("unavailable: 25%\ninstances: 3\n", 1, 0), ("unavailable: 50%\ninstances: 3\n", 1, 1),
        ("unavailable: 2\n", 1, 2),
        ("surge: 0\nunavailable: 34%\ninstances: 3\n", 0, 1), ("surge: \"2\"\n", 2, 0),
        ("surge: 0%\nunavailable: 1\n", 0, 1),
        ("surge: 12.5%\ninstances: 8\n", 1, 0),
    ])
    func `surge is rounded up and unavailable down`(text: String, surge: Int, unavailable: Int) throws {
        let rollout = try app(text).rollout
        #expect(rollout.surge == surge && rollout.unavailable == unavailable)
    }

    @Test func `a rollout that could not go on`() {
        expectAttributeProblems(
            "surge: «0\n",
            "with surge 0 and unavailable 0 no worker could ever be replaced | surge: 1 starts"
        )
        expectAttributeProblems("surge: «0\nunavailable: 0\n", "with surge 0 and unavailable 0")
        expectAttributeProblems("instances: 3\nsurge: «0\nunavailable: 25%\n", "since 25% of 3 rounds down to 0")
        expectAttributeProblems("surge: «-1\n", "\"surge\" is 0 to 10000, not -1")
        expectAttributeProblems("surge: «150%\n", "\"surge\" is 0% to 100%, not 150%")
        expectAttributeProblems("unavailable: «x%\n", "\"unavailable\" is 0% to 100%, not x%")
        expectAttributeProblems("unavailable: «some\n", "a number of workers or a percentage | \"25%\"")
        expectAttributeProblems("surge: «1.5\n", "a number of workers or a percentage")
        expectAttributeProblems("replace: «newfirst\n", "is one of auto, new-first, stop-first | \"new-first\"")
    }

    @Test func `rollout`() throws {
        let rollout = try app("replace: stop-first\nhealthy_time: 5s\nlisten_timeout: 20000\n").rollout
        #expect(
            rollout.order == .stopFirst && rollout.healthyTime == .seconds(5) && rollout.readyTimeout == .seconds(20)
        )
        #expect(try app("replace: new-first\n").rollout.order == .newFirst)
        #expect(try app("replace: auto\n").rollout == RolloutPolicy())
        #expect(try app("healthy_time: 0\n").rollout.healthyTime == .zero)
    }

    @Test func `recycle`() throws {
        let policy = try app("max_memory_restart: 300M\nmax_age: 1d\ncron: '0 4 * * *'\n").recycle
        #expect(policy.maxMemory?.description == "300M")
        #expect(policy.effectiveHardMemory?.description == "600M")
        #expect(policy.maxAge == .seconds(86_400))
        #expect(policy.schedule?.text == "0 4 * * *")
        #expect(try app("hard_memory: 1G\n").recycle.hardMemory?.description == "1G")
        #expect(try app("max_memory: 300M\nhard_memory: 300M\n").recycle.hardMemory?.description == "300M")
        #expect(try app("cron_restart: 0\n").recycle.schedule == nil)
        #expect(try app("cron_restart: false\n").recycle.schedule == nil)
        #expect(try app("cron_restart: \"@daily\"\n").recycle.schedule?.hours == 1)
        expectAttributeProblems("max_memory: 300M\nhard_memory: «200M\n", "\"hard_memory\" is below max_memory, 300M")
        expectAttributeProblems("cron_restart: «0 0 30 2 *\n", "this time never comes")
        expectAttributeProblems("cron: «every day\n", "5 fields, or 6 with seconds first, not 2")
        expectAttributeProblems("cron: «5\n", "not 1")
        expectAttributeProblems("cron: «true\n", "not 1")
    }
}

@Suite struct ProcessTests {
    @Test func `identity and attributes`() throws {
        let spec = try app("uid: 1000\ngid: staff\numask: '027'\nnice: -5\noom_score_adj: 500\nno_new_privs: true\n")
        #expect(spec.identity == Identity(user: "1000", group: "staff"))
        #expect(spec.attributes.umask == 0o27 && spec.attributes.nice == -5 && spec.attributes.oomScoreAdjust == 500)
        #expect(spec.attributes.noNewPrivileges)
        #expect(try app("username: ann\n").identity == Identity(user: "ann"))
        for bad in ["-1", "4294967295", "a b", "a:b", "1a", "''"] {
            let message = bad == "''" ? "\"user\" is empty" : "is neither a name nor a number"
            expectAttributeProblems("user: «\(bad)\n", message)
        }
    }

    @Test(arguments: [
        ("nofile: 65536", ResourceLimit(resource: .nofile, soft: 65536, hard: 65536)),
        ("nofile: '1024:65536'", ResourceLimit(resource: .nofile, soft: 1024, hard: 65536)),
        ("nofile: unlimited", ResourceLimit(resource: .nofile, soft: nil, hard: nil)),
        ("nofile: '1024:unlimited'", ResourceLimit(resource: .nofile, soft: 1024, hard: nil)),
        ("core: 0", ResourceLimit(resource: .core, soft: 0, hard: 0)),
        ("core: infinity", ResourceLimit(resource: .core, soft: nil, hard: nil)),
        ("as: 2G", ResourceLimit(resource: .addressSpace, soft: 2 << 30, hard: 2 << 30)),
        ("stack: '8M:64M'", ResourceLimit(resource: .stack, soft: 8 << 20, hard: 64 << 20)),
        ("nofile: 1024:65536", ResourceLimit(resource: .nofile, soft: 1024, hard: 65536)),
    ])
    func `limits`(text: String, limit: ResourceLimit) throws {
        #expect(try app("limits: {\(text)}\n").attributes.limits == [limit])
    }

    @Test func `limits do not depend on their order`() throws {
        #expect(try app("limits: {nofile: 1, core: 0}\n") == app("limits: {core: 0, nofile: 1}\n"))
        #expect(try app("limits: {}\n").attributes.limits.isEmpty)
    }

    @Test(arguments: ResourceLimit.Resource.allCases)
    func `every limit`(resource: ResourceLimit.Resource) throws {
        #expect(
            try app("limits: {\(resource.rawValue): 5}\n").attributes.limits == [
                ResourceLimit(resource: resource, soft: 5, hard: 5)
            ]
        )
    }

    @Test func `what is no limit`() {
        expectAttributeProblems("limits: {«nofiles: 5}\n", "unknown limit \"nofiles\" | \"nofile\"")
        expectAttributeProblems("limits: {«zzzzzz: 5}\n", "unknown limit \"zzzzzz\" | known are core, cpu")
        for bad in ["x", "-1", "1:2:3", "':5'", "'5:'", "1.5", "[5]", "10M", "99999999999999999999"] {
            expectAttributeProblems("limits: {nofile: «\(bad)}\n", "a number, \"soft:hard\" or unlimited | 65536")
        }
        expectAttributeProblems("limits: {nofile: «'2:1'}\n", "the soft limit is above the hard one: 2:1")
        expectAttributeProblems("limits: {nofile: «'unlimited:1'}\n", "the soft limit is above")
        expectAttributeProblems("limits: «65536\n", "\"limits\" is a mapping")
    }
}
