import Glibc
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// Paths through a link mean the release, and a candidate has nothing in common with those that serve.
struct ReleaseSpecTests {
    private func spec(in folder: String, _ change: (inout AppSpec) throws -> Void = { _ in }) throws -> AppSpec {
        var spec = AppSpec(
            name: try #require(AppName("api")),
            command: Command(
                script: "\(folder)/current/bin/server",
                arguments: ["\(folder)/current/x", "\(folder)/currently"]
            ),
            workingDirectory: "\(folder)/current",
            environment: ["HERE": "\(folder)/current/lib", "OTHER": "/usr"]
        )
        try change(&spec)
        return spec
    }

    @Test func `a start goes to the release, wherever the link leads`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("releases"))
            try Files.makeFolder(files("releases/1"))
            var spec = try spec(in: files.path)
            spec.release = Release(path: files("releases/1"), link: files("current"))
            let located = spec.located()
            #expect(located.workingDirectory == files("releases/1"))
            #expect(located.command.script == files("releases/1/bin/server"))
            #expect(located.command.arguments == [files("releases/1/x"), files("currently")])
            #expect(located.environment == ["HERE": files("releases/1/lib"), "OTHER": "/usr"])
            // One that was removed is not missed where the link is somebody else's; koomy's own fails to start.
            Files.remove(files("releases/1"))
            var bare = spec
            bare.release = nil
            #expect(spec.located() == bare)
            spec.deploy = DeploySpec(root: files.path)
            #expect(spec.located().workingDirectory == files("releases/1"))
        }
    }

    @Test func `the link of a deploy block counts, else the working directory, else one called current`() throws {
        try Workspace.with { files in
            let root = try #require(SymbolicLink.resolve(files.path))
            for folder in ["releases", "releases/1", "releases/1/api"] { try Files.makeFolder("\(root)/\(folder)") }
            var spec = try spec(in: root)
            #expect(spec.presentRelease == nil, "no link is there")
            #expect(symlink("releases/1", "\(root)/current") == 0)
            let release = Release(path: "\(root)/releases/1", link: "\(root)/current")
            #expect(spec.presentRelease == release && release.id == "1")
            spec.workingDirectory = "\(root)/current/api"
            #expect(spec.presentRelease == release)
            spec.workingDirectory = "\(root)/releases/1"
            #expect(spec.presentRelease == nil)
            spec.deploy = DeploySpec(root: root)
            #expect(spec.presentRelease == release)
            #expect(symlink("\(root)/releases/1", "\(root)/other") == 0)
            spec.deploy = nil
            spec.workingDirectory = "\(root)/other"
            #expect(spec.presentRelease == Release(path: "\(root)/releases/1", link: "\(root)/other"))
        }
    }

    @Test func `a link that leads nowhere is no release`() throws {
        try Workspace.with { files in
            #expect(symlink("releases/gone", files("current")) == 0)
            let spec = try spec(in: files.path)
            #expect(spec.presentRelease == nil)
        }
    }

    @Test func `a candidate has sockets, logs and probes of its own`() throws {
        let spec = try spec(in: "/srv/api") {
            $0.listeners = [
                ListenerSpec(name: "http", address: .tcp(host: "*", port: 5000), reusePort: true),
                ListenerSpec(name: "admin", address: .tcp(host: "127.0.0.1", port: 5001)),
                ListenerSpec(name: "local", address: .unix(path: "/run/api.sock")),
            ]
            $0.port = 5000
            $0.readiness = .probe(Probe(kind: .http(target: .port(5001, perSlot: false), path: "/ready", status: nil)))
            $0.health = Probe(kind: .tcp(target: .unix(path: "/run/api.sock")))
            $0.recycle.maxAge = .seconds(1)
        }
        let own = spec.rehearsed(log: "/var/lib/koomy/x.log", sockets: "/run/koomy/try")
        #expect(
            own.listeners.map(\.address) == [
                .tcp(host: "127.0.0.1", port: 0), .tcp(host: "127.0.0.2", port: 0), .unix(path: "/run/koomy/try/api.2"),
            ]
        )
        #expect(own.listeners.map(\.name) == ["http", "admin", "local"] && own.listeners.allSatisfy { !$0.reusePort })
        #expect(own.port == nil && own.recycle.maxAge == nil && own.environment["KOOMY_REHEARSAL"] == "1")
        #expect(own.logs.outFile == "/var/lib/koomy/x.log" && own.logs.errorFile == own.logs.outFile)
        guard case .probe(let ready) = own.readiness else {
            Issue.record("no probe")
            return
        }
        #expect(ready.kind == .http(target: .listener(name: "admin"), path: "/ready", status: nil))
        #expect(own.health?.kind == .tcp(target: .listener(name: "local")))
    }

    @Test func `an app that leaves its port to the kernel shares no socket with its candidate`() throws {
        let spec = try spec(in: "/srv/api") {
            $0.listeners = ["127.0.0.1", "127.0.0.3", "127.0.0.1"].enumerated().map { index, host in
                ListenerSpec(name: "l\(index)", address: .tcp(host: host, port: 0))
            }
        }
        let own = spec.rehearsed(log: "/x", sockets: "/run").listeners.map(\.address)
        #expect(own == ["127.0.0.2", "127.0.0.4", "127.0.0.5"].map { .tcp(host: $0, port: 0) })
    }

    @Test func `a probe that asks the worker itself asks the candidate itself`() throws {
        for target in [Probe.Target.privateSocket, .port(7000, perSlot: true), .port(7000, perSlot: false)] {
            let spec = try spec(in: "/srv/api") {
                $0.listeners = [ListenerSpec(name: "http", address: .tcp(host: "*", port: 5000))]
                $0.health = Probe(kind: .tcp(target: target))
            }
            #expect(spec.rehearsed(log: "/x", sockets: "/run").health?.kind == .tcp(target: target))
        }
    }
}
