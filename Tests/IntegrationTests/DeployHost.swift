import Glibc
import KoomyWire
import TestSupport
import Testing

/// A host with a koomyd and the code of an app that is deployed there: koomy-api behind a script of each version.
struct DeployHost {
    let daemon: Daemon

    var files: Workspace { daemon.workspace }
    var root: String { files("root") }
    var link: String { "\(root)/current" }

    /// `deploy` are further lines of the app's deploy block.
    static func with(_ deploy: String..., body: (DeployHost) throws -> Void) throws {
        try Daemon.with { daemon in
            let host = DeployHost(daemon: daemon)
            try host.write("one", deploy: deploy)
            try body(host)
        }
    }

    /// Writes a version into the folder `code`; `server` is what its workers do.
    ///
    /// `deploy` are further lines of the deploy block, `further` of the app.
    func write(_ version: String, deploy: [String] = [], lines further: [String] = [], server: String? = nil) throws {
        let api = try Binaries.path("koomy-api")
        let serves = "GIT_SHA=$(cat VERSION) exec '\(api)' \"$@\""
        try files.write("#!/bin/sh\n\(server ?? serves)\n", to: "code/server", executable: true)
        try files.write("\(version)\n", to: "code/VERSION")
        let lines = ["deploy:", "  path: \(root)"] + deploy.map { "  \($0)" }
        let block = lines.joined(separator: "\n")
        let app = try Ecosystem.api(["script: ./server", "cwd: \(link)", block] + further)
        try files.write(Ecosystem.file(app), to: "code/api.yaml")
    }

    /// The first deployment, of what is in `code`.
    func deployFirst() throws { try daemon.mustCtl("deploy", "api", "code", "--file", "code/api.yaml") }

    /// What the workers that serve say they are.
    func version() throws -> String {
        let answer = try HTTP.get("/api/health", from: .tcp(daemon.port(of: "api")))
        return try JSON(parsing: answer.body).git.sha.string ?? "?"
    }

    /// The complete releases, the oldest first.
    var releases: [String] { Files.names(in: "\(root)/releases").filter { !$0.hasPrefix(".") } }

    /// What is in `releases` that a deployment has to take away again.
    var remains: [String] {
        let known = Set(releases.map { ".\($0).json" } + [".logs"])
        return Files.names(in: "\(root)/releases").filter { $0.hasPrefix(".") && !known.contains($0) }
    }

    /// The release that the link leads to.
    var current: String? {
        Files.target(ofLink: link)?.split(separator: "/").last.map(String.init)
    }

    /// The folders that the workers work in.
    func workingFolders() throws -> Set<String> {
        Set(try daemon.app("api").readyPids.compactMap { Files.target(ofLink: "/proc/\($0)/cwd") })
    }

    func history() throws -> [DeploymentView] {
        let text = try daemon.mustCtl("history", "api", "--json").out
        return try WireCoding.decode(DeploymentsView.self, from: Array(text.utf8)).deployments
    }
}
