import Glibc
import KoomyWire
import TestSupport
import Testing

/// What an operator, or the end of koomyd, does to a deployment that is under way.
@Suite(.serialized) struct DeployControlTests {
    /// An app whose canary waits for an operator.
    private func with(_ body: (DeployHost) throws -> Void) throws {
        try DeployHost.with("rehearse: false") { host in
            try host.write(
                "one",
                deploy: ["rehearse: false"],
                lines: ["canary: 1", "canary_time: 0", "promote: manual"]
            )
            try host.deployFirst()
            try host.write(
                "two",
                deploy: ["rehearse: false"],
                lines: ["canary: 1", "canary_time: 0", "promote: manual"]
            )
            try body(host)
        }
    }

    /// Begins a deployment that stops at its canary.
    private func deployToCanary(_ host: DeployHost) throws -> BackgroundProcess {
        let deploy = try host.daemon.ctlInBackground("deploy", "api", "code", name: "deploy")
        try eventually("the canary is held") {
            if let end = deploy.ended { throw TestFailure(description: "\(end): \(deploy.errorOutput)") }
            return try host.daemon.app("api").json.rollout.phase.string == "held"
        }
        return deploy
    }

    @Test func `a canary is held until it is promoted`() throws {
        try with { host in
            let (_, report) = try underLoad(host.daemon) {
                let deploy = try deployToCanary(host)
                defer { deploy.stop() }
                #expect(try host.workingFolders().count == 2, "one worker of each version")
                let status = try host.daemon.mustCtl("status", "api").out
                #expect(status.contains("held") && host.releases.allSatisfy(status.contains), "\(status)")
                try host.daemon.mustCtl("promote", "api")
                #expect(try deploy.wait() == .code(0), "\(deploy.errorOutput)")
            }
            #expect(report.failed == 0, "\(report)")
            #expect(try host.version() == "two" && host.workingFolders().count == 1)
            #expect(host.current == host.releases.last)
        }
    }

    @Test func `a canary that is given up leaves no trace of its release`() throws {
        try with { host in
            let release = host.current
            let (_, report) = try underLoad(host.daemon) {
                let deploy = try deployToCanary(host)
                defer { deploy.stop() }
                try host.daemon.mustCtl("abort", "api")
                #expect(try deploy.wait() == .code(9), "\(deploy.errorOutput)")
            }
            #expect(report.failed == 0, "\(report)")
            try host.daemon.waitFor("api", "it is as it was") { $0.isSteady(2) }
            #expect(try host.version() == "one" && host.current == release)
            #expect(host.releases == [release].compactMap(\.self) && host.remains.isEmpty, "\(host.releases)")
            #expect(try host.history().first?.outcome == "aborted")
        }
    }

    @Test func `a deployment goes on in the next koomyd`() throws {
        try with { host in
            let deploy = try deployToCanary(host)
            defer { deploy.stop() }
            host.daemon.process.signal(SIGKILL)
            try host.daemon.startAgain()
            try eventually("it is held again") {
                try host.daemon.app("api").json.rollout.phase.string == "held"
            }
            try host.daemon.mustCtl("promote", "api")
            #expect(try deploy.wait() == .code(0), "\(deploy.errorOutput)")
            #expect(deploy.errorOutput.contains("koomyd is away"))
            #expect(try host.version() == "two" && host.current == host.releases.last)
        }
    }
}
