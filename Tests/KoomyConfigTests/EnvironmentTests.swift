import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct EnvironmentTests {
    private func context(_ name: String?) -> LoadContext {
        LoadContext(currentDirectory: "/", processorCount: 4, environmentName: name)
    }

    private let text = """
        env: {NODE_ENV: development, KEEP: yes, GONE: x}
        env_production: {NODE_ENV: production, GONE: null, ADDED: {a: 1}}
        env_production_eu: {REGION: eu}
        env_staging:
        """

    @Test func `the chosen block lies over env`() throws {
        #expect(try app(text).environment == ["NODE_ENV": "development", "KEEP": "yes", "GONE": "x"])
        #expect(
            try app(text, context: context("production")).environment == [
                "NODE_ENV": "production", "KEEP": "yes", "ADDED": #"{"a":1}"#,
            ]
        )
        #expect(try app(text, context: context("production_eu")).environment["REGION"] == "eu")
        #expect(try app(text, context: context("staging")).environment.count == 3)
    }

    @Test func `an environment that no app has is misspelt`() {
        expectProblems(
            "«script: ./a\nenv_production: {}\n",
            "no app has env_prodution | the environment \"production\"",
            context: context("prodution")
        )
        expectProblems(
            "«script: ./a\nenv_a: {}\nenv_b: {}\n",
            "no app has env_zzz | known are a, b",
            context: context("zzz")
        )
        expectProblems("«script: ./a\n", "no app has env_x | no app has such a block", context: context("x"))
    }

    @Test func `an app that lacks the environment of others is told`() throws {
        let text = "- {script: ./a, env_x: {}}\n- {script: ./b, env_y: {}}\n- {script: ./c}\n"
        let warnings = try load(text, context: context("x")).warnings
        #expect(warnings.map(\.line) == [2])
        #expect(warnings.map(\.message) == ["this app has no env_x, only its env is used"])
    }

    @Test func `values as they were written`() throws {
        let environment = try app("env: {A: 1.10, B: true, C: 007, D: null, E: '', F: 0x1F, G: [1, {a: b}], H: .5}\n")
            .environment
        #expect(
            environment == [
                "A": "1.10", "B": "true", "C": "007", "E": "", "F": "0x1F", "G": #"[1,{"a":"b"}]"#, "H": ".5",
            ]
        )
    }

    @Test func `names of variables`() {
        expectAttributeProblems(
            "env: {«A=B: 1, «'': 2}\n",
            "\"A=B\" is not a name for a variable",
            "\"\" is not a name"
        )
        expectAttributeProblems("env: «[A=1]\n", "a mapping of names to values, not a list | {NODE_ENV: production}")
        expectAttributeProblems("env_x: «text\n", "\"env_x\" is a mapping of names to values")
        expectAttributeProblems("env_x: {«A=: 1}\n", "not a name for a variable")
        expectAttributeProblems("instance_var: «1A\n", "\"1A\" is not a name for a variable | instance_var: INSTANCE")
        expectAttributeProblems("instance_var: «A=B\n", "not a name for a variable")
    }

    @Test(arguments: [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "KOOMY_SLOT", "KOOMY_APP",
    ])
    func `what koomyd sets itself`(name: String) throws {
        let warnings = try load("script: ./a\nenv:\n  A: 1\n  \(name): x\n").warnings
        #expect(
            warnings.map { "\($0.line):\($0.column) \($0.message)" } == [
                "4:3 \(name) has no effect: koomyd sets it for each worker"
            ]
        )
    }

    @Test func `PORT`() throws {
        #expect(try app("").port == nil)
        #expect(try app("port: 3000\n").port == 3000)
        #expect(try app("listen: [unix:/a, 5000, 6000]\n").port == 5000)
        #expect(try app("listen: 5000\nport: 3000\n").port == 3000)
        #expect(try app("listen: 0\n").port == nil)
        #expect(try load("script: ./a\nlisten: 5000\nenv: {PORT: 5000}\n").warnings.isEmpty)
        let warnings = try load("script: ./a\nlisten: 5000\nenv: {PORT: 3000}\n").warnings
        #expect(warnings.map(\.message) == ["PORT is 5000, not 3000"])
        #expect(warnings.map(\.line) == [3])
        #expect(
            try load("script: ./a\nport: 1\nenv: {PORT: 3000}\n").warnings.map(\.hint) == [
                "\"port\" gives it; take PORT out of env"
            ]
        )
    }

    @Test func `slot variable`() throws {
        #expect(try app("").slotVariable == "NODE_APP_INSTANCE")
        #expect(try app("instance_var: WORKER_ID\n").slotVariable == "WORKER_ID")
    }

    @Test(arguments: [
        ("1", 1), ("3", 3), ("\"3\"", 3), ("max", 4), ("0", 4), ("-1", 3), ("\"-1\"", 3), ("-4", 1), ("-100", 1),
        ("2000", 2000),
    ])
    func `instances`(text: String, count: Int) throws {
        #expect(try app("instances: \(text)\n").instances == count)
    }

    @Test(arguments: [
        ("5000", "is -2000 to 2000, not 5000"), ("many", "is a number or max, not the text \"many\""),
        ("1.5", "is a number or max"),
        ("[2]", "is a number or max"), ("true", "is a number or max"), ("50%", "is a number or max"),
    ])
    func `what is no number of instances`(text: String, message: String) {
        expectAttributeProblems("instances: «\(text)\n", "\"instances\" \(message) | instances: 2")
    }

    @Test func `a machine has a processor`() {
        #expect(LoadContext(currentDirectory: "/", processorCount: 0).processorCount == 1)
    }

    @Test func `cluster mode without a listener`() throws {
        for mode in ["cluster", "cluster_mode"] {
            let warnings = try load("script: ./a.js\nexec_mode: \(mode)\n").warnings
            #expect(warnings.count == 1 && warnings[0].line == 2)
            #expect(warnings[0].message.hasPrefix("there is no cluster mode"))
            #expect(try load("script: ./a.js\nexec_mode: \(mode)\nlisten: 80\n").warnings.isEmpty)
        }
        #expect(try load("script: ./a.js\nexec_mode: fork_mode\n").warnings.isEmpty)
        expectAttributeProblems(
            "exec_mode: «clustr\n",
            "is one of fork, cluster, fork_mode, cluster_mode | \"cluster\""
        )
    }

    @Test func `what PM2 does and koomy refuses`() throws {
        expectAttributeProblems("increment_var: «PORT\n", "the environment is the same for all workers | {slot}")
        expectAttributeProblems("shutdown_with_message: «true\n", "asked to leave by a signal | SIGTERM")
        #expect(try load("script: ./a\nshutdown_with_message: false\n").warnings.isEmpty)
    }
}
