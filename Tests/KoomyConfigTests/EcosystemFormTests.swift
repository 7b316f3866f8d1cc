import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct EcosystemFormTests {
    @Test(arguments: [
        "apps:\n  - {name: a, script: ./a}\n  - {name: b, script: ./b}\n",
        "pm2:\n- name: a\n  script: ./a\n- name: b\n  script: ./b\n",
        "- {name: a, script: ./a}\n- {name: b, script: ./b}\n",
        #"{"apps": [{"name": "a", "script": "./a"}, {"name": "b", "script": "./b"}]}"#,
        #"[{"name": "a", "script": "./a"}, {"name": "b", "script": "./b"}]"#,
        #"{pm2: [{name: 'a', script: './a',}, {name: 'b', script: './b'}]} // as JavaScript"#,
    ])
    func `a list of apps in each form`(text: String) throws {
        for name in text.hasPrefix("{") || text.hasPrefix("[") ? ["/srv/e.json", "/srv/e"] : ["/srv/e.yaml", "/srv/e"] {
            let ecosystem = try load(text, name: name)
            #expect(ecosystem.apps.map(\.name.text) == ["a", "b"])
            #expect(ecosystem.apps.map(\.command.script) == ["/srv/a", "/srv/b"])
            #expect(ecosystem.warnings.isEmpty)
        }
    }

    @Test(arguments: ["script: ./a", #"{"script": "./a"}"#, "apps: {script: ./a}", "- script: ./a", "exec: ./a"])
    func `a single app in each form`(text: String) throws {
        #expect(try load(text, name: "/srv/e").apps.map(\.name.text) == ["a"])
    }

    @Test func `what an app has when nothing is said`() throws {
        let spec = try load("script: ./server").apps[0]
        let expected = AppSpec(
            name: try #require(AppName("server")),
            command: Command(script: "/srv/shop/server"),
            workingDirectory: "/srv/shop"
        )
        #expect(spec == expected)
        #expect(spec.environment.isEmpty && spec.listeners.isEmpty && spec.port == nil && spec.health == nil)
    }

    @Test func `keys of the file that do nothing`() throws {
        let text = "$schema: x\nx-defaults: {a: 1}\ndeploy: {production: {}}\napps: [{script: ./a}]\n"
        let ecosystem = try load(text)
        #expect(
            ecosystem.warnings.map(\.message) == [
                "\"deploy\" beside the apps has no effect: it is how pm2 deploy reaches other hosts"
            ]
        )
        #expect(ecosystem.warnings.map(\.line) == [3])
    }

    @Test(arguments: ["apps: []", "[]", "{}", "pm2:", "$schema: x"])
    func `no app at all`(text: String) {
        expectProblems("«" + text, "no app is described | apps:", name: "/srv/e.yaml")
    }

    @Test(arguments: ["", "   \n", "# nothing\n", "---\n", "null\n", "~"])
    func `an empty file`(text: String) throws {
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error.diagnostics.map(\.message) == ["the file is empty"])
    }

    @Test func `something else than apps`() {
        expectProblems("«hello", "a mapping or a list, not the text \"hello\"")
        expectProblems("- «5\n- «[a]\n", "an app is a mapping, not the number 5", "an app is a mapping, not a list")
        expectProblems("apps:\n  ««main: {script: ./a}\n", "unknown attribute \"main\" of an app", "no script")
    }

    @Test func `misspelt keys of the file`() {
        expectProblems("«app:\n  - script: ./a\n", "unknown attribute \"app\" of a file | did you mean \"apps\"?")
        expectProblems("«services:\n  - script: ./a\n", "unknown attribute \"services\" | did you mean \"apps\"?")
        expectProblems(
            "apps: [{script: ./a}]\n«instances: 2\n",
            "\"instances\" is an attribute of an app, and stands beside the list of apps | move it"
        )
        expectProblems("apps: [{script: ./a}]\n«pm2: [{script: ./b}]\n", "two names of one list | 1:1")
    }
}

@Suite struct UnknownAttributeTests {
    @Test(arguments: [
        ("instnces", "instances"), ("max_memry", "max_memory"), ("maxMemoryRestrt", "max_memory_restart"),
        ("scirpt", "script"), ("nodeArgs2", "node_args"), ("vizon", "vizion"), ("replicas", "instances"),
        ("working_directory", "cwd"), ("healthcheck", "health"),
    ])
    func `a suggestion for a misspelt attribute`(written: String, meant: String) {
        expectAttributeProblems(
            "«\(written): 1\n",
            "unknown attribute \"\(written)\" of an app | did you mean \"\(meant)\"?"
        )
    }

    @Test func `no suggestion for what is like nothing`() throws {
        let found = expectAttributeProblems("«zzzzzzzzzz: 1\n", "unknown attribute \"zzzzzzzzzz\" of an app")
        #expect(found[0].hint == nil)
        #expect(found[0].keyPath == "zzzzzzzzzz")
    }

    @Test func `every problem at once in the order of the lines`() {
        let text = """
            apps:
              - script: ./a
                «insances: 2
                max_memory: «lots
                kill_timeout: «-1
              - «script:
              - script: ./c
                «script: ./d
                listen: «70000
            """
        expectProblems(
            text,
            "unknown attribute",
            "\"max_memory\" is an amount of memory, not the text \"lots\" | 300M",
            "\"kill_timeout\" is negative: -1 | 10s",
            "this app has no script",
            "the key \"script\" stands twice | 7:5",
            "\"70000\" is not a port"
        )
    }

    @Test func `two names of one attribute`() {
        let found = expectAttributeProblems(
            "max_memory: 300M\n«max_memory_restart: 400M\n«exec: ./x\n",
            "\"max_memory_restart\" and \"max_memory\" are two names of one attribute | the other is at 3:1",
            "\"exec\" and \"script\" are two names of one attribute | 2:1"
        )
        #expect(found[0].keyPath == "max_memory_restart")
    }

    @Test func `two spellings of one attribute`() {
        expectAttributeProblems("killTimeout: 1s\n«kill_timeout: 2s\n", "two names of one attribute")
    }

    @Test func `problems are not listed without end`() throws {
        let text = "apps:\n  - script: ./a\n" + (0..<300).map { "    unknown_\($0): 1\n" }.joined()
        let error = try #require(throws: ConfigurationError.self) { _ = try load(text) }
        #expect(error.errors.count == Report.limit)
        #expect(error.errors.last?.hint == "further problems are not listed")
    }
}
