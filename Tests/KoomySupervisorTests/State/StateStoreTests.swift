import Glibc
import KoomyCore
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct StateStoreTests {
    /// An app in which nothing is as it is by default.
    private func full() throws -> AppSpec {
        let probe = Probe(
            kind: .http(target: .port(9_000, perSlot: true), path: "/ready?x=1", status: 204),
            interval: .milliseconds(1_500),
            timeout: .seconds(3),
            retries: 7,
            startPeriod: .seconds(60)
        )
        var spec = AppSpec(
            name: try #require(AppName("web.api_2-x")),
            command: KoomyModel.Command(
                script: "app.js",
                arguments: ["--a=\"b\"", "", "{slot}", "ü\n\t\\ \u{1}"],
                interpreter: "node",
                interpreterArguments: ["--enable-source-maps"]
            ),
            workingDirectory: "/srv/a folder/api",
            environment: ["EMPTY": "", "TEXT": "a=b\n\"c\" / 日本語 🇨🇭", "PATH": "/bin"],
            instances: 12,
            listeners: [
                ListenerSpec(name: "web", address: .tcp(host: "::1", port: 65_535), backlog: 1, reusePort: true),
                ListenerSpec(
                    name: "local",
                    address: .unix(path: "/run/a b.sock"),
                    nonblocking: true,
                    mode: 0o660,
                    user: "www-data",
                    group: "33"
                ),
            ],
            readiness: .probe(probe),
            health: Probe(kind: .exec(arguments: ["check", "now"]))
        )
        spec.restart.isAutomatic = false
        spec.restart.jitter = 0.35
        spec.restart.fixedDelay = .microseconds(1)
        spec.restart.stopExitCodes = [0, 3, -1]
        spec.stop = StopPolicy()
        spec.stop.signal = .interrupt
        spec.stop.killTimeout = .max
        spec.rollout.order = .stopFirst
        spec.rollout.surge = 3
        spec.recycle.maxMemory = ByteCount(bytes: (1 << 53) + 1)
        spec.recycle.hardMemory = ByteCount(bytes: .max)
        spec.recycle.maxAge = .seconds(86_400)
        spec.recycle.schedule = CronSchedule(
            text: "*/5 4 * * 1",
            seconds: 1,
            minutes: 0x0842_1084_2108_4210,
            hours: 1 << 4,
            days: 0xFFFF_FFFE,
            months: 0x1FFE,
            weekdays: 2,
            anyDay: true,
            anyWeekday: false
        )
        spec.identity = Identity(user: "www-data", group: "33")
        spec.attributes.umask = 0o027
        spec.attributes.nice = -5
        spec.attributes.oomScoreAdjust = -1_000
        spec.attributes.noNewPrivileges = true
        spec.attributes.limits = [
            ResourceLimit(resource: .nofile, soft: 1_024, hard: nil),
            ResourceLimit(resource: .addressSpace, soft: nil, hard: .max),
        ]
        spec.watchdog = .milliseconds(2_500)
        spec.logs.outFile = "/var/log/out.log"
        spec.logs.errorFile = "/var/log/error.log"
        spec.logs.format = .stamped(
            LogDateFormat(text: "YYYY [at]", tokens: [.year, .literal(" at"), .hour12, .offset])
        )
        spec.logs.target = .none
        spec.slotVariable = "INSTANCE"
        spec.port = 3_000
        spec.startsAutomatically = false
        return spec
    }

    private func state(_ specs: AppSpec...) -> DesiredState {
        var state = DesiredState()
        for (index, spec) in specs.enumerated() {
            var app = DesiredApp(
                spec: spec,
                file: index == 0 ? "/etc/koomy/web.json" : nil,
                goal: index == 0 ? .running : .stopped,
                generation: Generation((1 << 61) + UInt64(index))
            )
            app.stoppedSlots = index == 0 ? [1, 4] : []
            state[spec.name] = app
        }
        return state
    }

    private func loaded(_ store: StateStore) throws -> DesiredState? {
        guard case .state(let state) = try store.load() else { return nil }
        return state
    }

    @Test func `what was saved is what is loaded, in every field`() throws {
        try Workspace.with { files in
            let store = StateStore(path: files("state.json"))
            let state = state(try full(), try .example("other"))
            try store.save(state)
            #expect(try loaded(store) == state)
            #expect(try loaded(StateStore(path: files("state.json"))) == state)
        }
    }

    @Test(
        arguments: [
            .automatic, .notify, .descriptor(7), .ipc, .observed, .uptime,
            .probe(Probe(kind: .tcp(target: .privateSocket))), .probe(Probe(kind: .tcp(target: .unix(path: "/run/x")))),
        ] as [ReadinessRule]
    )
    func `every kind of readiness is kept`(_ readiness: ReadinessRule) throws {
        try Workspace.with { files in
            let store = StateStore(path: files("state.json"))
            var spec = try AppSpec.example()
            spec.readiness = readiness
            try store.save(state(spec))
            #expect(try loaded(store)?.apps.first?.spec == spec)
        }
    }

    @Test func `equal states are equal files`() throws {
        try Workspace.with { files in
            for name in ["0", "1"] {
                var spec = try full()
                // A set has no order of its own.
                spec.restart.stopExitCodes = [3]
                try StateStore(path: files(name)).save(state(spec, try .example("a")))
            }
            #expect(Files.text(of: files("0")) == Files.text(of: files("1")))
        }
    }

    @Test func `a later state takes the place of the earlier, and nothing else is left`() throws {
        try Workspace.with { files in
            let store = StateStore(path: files("state.json"))
            for count in [50, 1, 0] {
                var state = DesiredState()
                for number in 0..<count {
                    let spec = try AppSpec.example("app\(number)")
                    state[spec.name] = DesiredApp(spec: spec, file: nil, goal: .running, generation: Generation(1))
                }
                try store.save(state)
                #expect(try loaded(store) == state)
            }
            #expect(Files.names(in: files.path) == ["state.json"])
        }
    }

    @Test func `nobody else may read it`() throws {
        try Workspace.with { files in
            try files.write("{}", to: "state.json")
            try StateStore(path: files("state.json")).save(DesiredState())
            var status = stat()
            #expect(stat(files("state.json"), &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `a first start finds nothing`() throws {
        try Workspace.with { files in
            guard case .nothing = try StateStore(path: files("state.json")).load() else {
                Issue.record("something was found")
                return
            }
        }
    }

    @Test(arguments: [
        "", "{", "not json", "[]", "{\"version\":1}", "{\"version\":1,\"apps\":[{\"goal\":\"running\"}]}", "\0",
    ])
    func `what cannot be read is kept aside as it was, and told`(_ text: String) throws {
        try Workspace.with { files in
            let store = StateStore(path: try files.write(text, to: "state.json"))
            guard case .corrupt(let reason, let aside) = try store.load() else {
                Issue.record("it was taken")
                return
            }
            #expect(!reason.isEmpty)
            #expect(aside.hasPrefix(files("state.json.")))
            #expect(Files.text(of: aside) == text)
            #expect(!Files.exists(files("state.json")))
            try store.save(DesiredState())
            #expect(try loaded(store) == DesiredState())
            #expect(Files.text(of: aside) == text)
        }
    }

    @Test func `a file that was cut anywhere is not taken for a whole one`() throws {
        try Workspace.with { files in
            let store = StateStore(path: files("state.json"))
            try store.save(state(try full()))
            let text = try #require(Files.text(of: store.path)).utf8
            for length in stride(from: 0, to: text.count - 1, by: 97) {
                try Files.write(String(decoding: text.prefix(length), as: UTF8.self), to: store.path)
                guard case .corrupt = try store.load() else {
                    Issue.record("\(length) of \(text.count) bytes were taken")
                    return
                }
            }
        }
    }

    @Test func `where it cannot be written the caller is told, and the earlier state stays`() throws {
        try Workspace.with { files in
            let missing = StateStore(path: files("missing/state.json"))
            var error = #expect(throws: SystemError.self) { try missing.save(DesiredState()) }
            #expect(error?.errno == .noSuchFile)
            let store = StateStore(path: files("state.json"))
            let before = state(try full())
            try store.save(before)
            // A folder where the new file is to be made.
            try Files.makeFolder(files("state.json.new"))
            error = #expect(throws: SystemError.self) { try store.save(DesiredState()) }
            #expect(error != nil)
            #expect(try loaded(store) == before)
        }
    }

    @Test func `what is no file is an error, and is not moved`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("state.json"))
            #expect(throws: SystemError.self) { _ = try StateStore(path: files("state.json")).load() }
            #expect(Files.names(in: files.path) == ["state.json"])
        }
    }
}
