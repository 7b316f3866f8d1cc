import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct LaunchPlanTests {
    private func plan(
        _ spec: AppSpec,
        slot: Int = 0,
        port: UInt16? = nil,
        own: [String: String] = ["PATH": "/usr/bin:/bin"],
        listeners: [(name: String, descriptor: Int32)] = [],
        probe: Int32? = nil,
        line: Int32? = nil,
        streams: (out: Int32, error: Int32)? = nil
    ) throws -> LaunchPlan {
        try LaunchPlan(
            id: WorkerID(app: spec.name, serial: 5),
            slot: slot,
            generation: Generation(2),
            spec: spec,
            port: port,
            own: own,
            inherited: .init(listeners: listeners, probe: probe, line: line),
            streams: streams,
            notifySocket: "/run/koomy/notify/5"
        )
    }

    private func failure(_ body: () throws -> LaunchPlan) throws -> StartFailure {
        try #require(throws: StartFailure.self) { _ = try body() }
    }

    private func descriptors(_ plan: LaunchPlan) -> [[Int32]] {
        plan.request.descriptors.map { [$0.source, $0.target] }
    }

    // MARK: - Descriptors

    @Test func `listeners have the numbers from 3 in the file's order, the probe the last`() throws {
        let plan = try plan(
            .example(),
            listeners: [("web", 40), ("admin", 31)],
            probe: 52,
            streams: (out: 60, error: 61)
        )
        #expect(descriptors(plan) == [[40, 3], [31, 4], [52, 5], [60, 1], [61, 2]])
        #expect(plan.request.environment["LISTEN_FDS"] == "3")
        #expect(plan.request.environment["LISTEN_FDNAMES"] == "web:admin:probe")
        #expect(plan.request.processIDVariables == ["LISTEN_PID"])
    }

    @Test func `without sockets nothing is said of sockets`() throws {
        let plan = try plan(.example())
        #expect(plan.request.descriptors.isEmpty)
        #expect(plan.request.processIDVariables.isEmpty)
        #expect(!plan.request.environment.keys.contains { $0.hasPrefix("LISTEN_") })
    }

    @Test func `a probe's socket alone is the first`() throws {
        let plan = try plan(.example(), probe: 52)
        #expect(descriptors(plan) == [[52, 3]])
        #expect(plan.request.environment["LISTEN_FDNAMES"] == "probe")
    }

    @Test func `node's channel comes behind the sockets`() throws {
        var spec = try AppSpec.example()
        spec.readiness = .ipc
        let plan = try plan(spec, listeners: [("web", 40)], line: 70)
        #expect(descriptors(plan) == [[40, 3], [70, 4]])
        #expect(plan.request.environment["NODE_CHANNEL_FD"] == "4")
        #expect(plan.request.environment["NODE_CHANNEL_SERIALIZATION_MODE"] == "json")
    }

    @Test(arguments: [5, 6, 9, 200] as [Int32])
    func `a readiness descriptor has the number that the file says`(_ number: Int32) throws {
        var spec = try AppSpec.example()
        spec.readiness = .descriptor(number)
        let plan = try plan(spec, listeners: [("web", 40), ("admin", 41)], line: 70)
        #expect(descriptors(plan).last == [70, number])
        #expect(plan.request.environment["NODE_CHANNEL_FD"] == nil)
    }

    @Test(arguments: [3, 4, 5] as [Int32])
    func `a readiness descriptor cannot have a socket's number`(_ number: Int32) throws {
        var spec = try AppSpec.example()
        spec.readiness = .descriptor(number)
        let failure = try failure { try plan(spec, listeners: [("web", 40), ("admin", 41)], probe: 42, line: 70) }
        #expect(failure.step == .descriptors)
        #expect(failure.errno == Errno.fileExists.number)
        #expect(failure.subject.contains("\(number)"))
    }

    // MARK: - Environment

    @Test func `koomy's variables go above the file's, and the file's above the base`() throws {
        var spec = try AppSpec.example()
        spec.watchdog = .seconds(2)
        spec.environment = [
            "PATH": "/usr/bin:/bin:/app", "NOTIFY_SOCKET": "/mine", "LISTEN_FDS": "9", "LISTEN_FDNAMES": "mine",
            "KOOMY_APP": "mine", "KOOMY_WORKER": "0", "PORT": "1", "WATCHDOG_USEC": "1", "NODE_APP_INSTANCE": "8",
            "OTHER": "kept",
        ]
        let request = try plan(spec, slot: 4, port: 8_080, listeners: [("web", 40)]).request
        let expected = [
            "PATH": "/usr/bin:/bin:/app", "NOTIFY_SOCKET": "/run/koomy/notify/5", "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": "web", "KOOMY_APP": "web", "KOOMY_WORKER": "5", "KOOMY_GENERATION": "2",
            "KOOMY_SLOT": "4", "NODE_APP_INSTANCE": "4", "PORT": "8080", "WATCHDOG_USEC": "2000000", "OTHER": "kept",
        ]
        for (name, value) in expected { #expect(request.environment[name] == value, "\(name)") }
        #expect(request.processIDVariables == ["LISTEN_PID", "WATCHDOG_PID"])
    }

    @Test func `an app without a port keeps the PORT of its file`() throws {
        var spec = try AppSpec.example()
        #expect(try plan(spec).request.environment["PORT"] == nil)
        spec.environment["PORT"] = "3000"
        #expect(try plan(spec).request.environment["PORT"] == "3000")
    }

    @Test func `attributes and folder are the file's`() throws {
        var spec = try AppSpec.example()
        spec.workingDirectory = "/usr"
        spec.attributes.nice = 5
        spec.attributes.noNewPrivileges = true
        let request = try plan(spec).request
        #expect(request.workingDirectory == "/usr")
        #expect(request.attributes == spec.attributes)
        #expect(request.identity == nil)
    }

    // MARK: - Program and arguments

    @Test func `a program is its own first argument as the file writes it, placeholders are replaced in the others`()
        throws
    {
        var spec = try AppSpec.example("web", "true")
        spec.command.arguments = ["--fd={fd:admin}", "{slot}", "{probe_fd}", "{fd}", "{fd:none}", ""]
        let request = try plan(spec, slot: 6, listeners: [("web", 40), ("admin", 41)], probe: 42).request
        #expect(request.path == "/usr/bin/true" || request.path == "/bin/true")
        #expect(request.arguments == ["true", "--fd=4", "6", "5", "3", "{fd:none}", ""])
    }

    @Test func `an interpreter gets its own arguments, the script's path, and then the script's`() throws {
        try Workspace.with { files in
            // It need not be executable.
            try files.write("", to: "app.js")
            var spec = try AppSpec.example("web", "./app.js")
            spec.workingDirectory = files.path
            spec.command.interpreter = "env"
            spec.command.interpreterArguments = ["{slot}", "-u"]
            spec.command.arguments = ["{slot}"]
            let request = try plan(spec, slot: 1).request
            #expect(request.path.hasSuffix("/env"))
            // Only the arguments of the program have placeholders.
            #expect(request.arguments == ["env", "{slot}", "-u", files("app.js"), "1"])
        }
    }

    @Test func `a program is looked for in its folder, then on the app's PATH and not on koomyd's`() throws {
        try Workspace.with { files in
            try files.write("#!/bin/sh\n", to: "bin/tool", executable: true)
            var spec = try AppSpec.example("web", "tool")
            spec.workingDirectory = "/"
            #expect(try plan(spec, own: ["PATH": files("bin")]).request.path == files("bin/tool"))
            spec.environment["PATH"] = "/usr/bin:/bin"
            #expect(try failure { try plan(spec, own: ["PATH": files("bin")]) }.step == .lookup)
            spec.environment["PATH"] = files("bin")
            #expect(try plan(spec, own: ["PATH": "/usr/bin"]).request.path == files("bin/tool"))
            spec.workingDirectory = files("bin")
            spec.environment["PATH"] = "/usr/bin"
            #expect(try plan(spec).request.path == files("bin/tool"))
        }
    }

    @Test func `what is missing or cannot be run is told by its path`() throws {
        try Workspace.with { files in
            try files.write("", to: "plain")
            let cases: [(script: String, interpreter: String?, errno: Errno, subject: String)] = [
                ("/nonexistent/program", nil, .noSuchFile, "/nonexistent/program"),
                ("./missing", nil, .noSuchFile, files("missing")),
                ("no-such-program", nil, .noSuchFile, "no-such-program"),
                ("./plain", nil, .permissionDenied, files("plain")), (files.path, nil, .isDirectory, files.path),
                ("missing.js", "env", .noSuchFile, files("missing.js")),
                ("plain", "no-such-interpreter", .noSuchFile, "no-such-interpreter"),
            ]
            for (script, interpreter, errno, subject) in cases {
                var spec = try AppSpec.example("web", script)
                spec.command.interpreter = interpreter
                spec.workingDirectory = files.path
                let failure = try failure { try plan(spec) }
                #expect(failure == StartFailure(step: .lookup, errno: errno.number, subject: subject))
            }
        }
    }

    @Test func `a user or group that does not exist is told by its name`() throws {
        var spec = try AppSpec.example()
        spec.identity = Identity(user: "no-such-user")
        var failure = try failure { try plan(spec) }
        #expect(failure == StartFailure(step: .lookup, errno: Errno.noSuchFile.number, subject: "no-such-user"))
        spec.identity = Identity(user: "root", group: "no-such-group")
        failure = try self.failure { try plan(spec) }
        #expect(failure == StartFailure(step: .lookup, errno: Errno.noSuchFile.number, subject: "no-such-group"))
    }

    @Test func `a user is resolved with its groups`() throws {
        var spec = try AppSpec.example()
        spec.identity = Identity(user: "root")
        let plan = try plan(spec)
        #expect(plan.identity?.userID == 0)
        #expect(plan.identity?.groupID == 0)
        #expect(plan.request.identity == plan.identity)
    }
}
