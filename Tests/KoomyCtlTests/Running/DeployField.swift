import KoomyWire
import ScriptedDaemon
import TestSupport

@testable import koomyctl

/// A host with an app that a scripted koomyd knows, and code to deploy.
struct DeployField: Sendable {
    let files: Workspace

    var root: String { files("root") }
    var layout: DeployLayout { DeployLayout(root: root) }

    static func with(_ deploy: String = "", _ body: (DeployField) throws -> Void) throws {
        try Workspace.with { files in
            let field = DeployField(files: files)
            try field.writeFile(deploy)
            try files.write("one", to: "code/server", executable: true)
            try files.write("two", to: "code/lib/part")
            try body(field)
        }
    }

    /// Writes the ecosystem file; `deploy` are further lines of its deploy block.
    func writeFile(_ deploy: String, to name: String = "api.yaml") throws {
        let text = """
            name: api
            cwd: \(root)/current
            script: ./server
            env: {COLOUR: blue}
            kill_timeout: 200ms
            deploy:
              path: \(root)
            \(deploy.split(separator: "\n").map { "  \($0)\n" }.joined())
            """
        try files.write(text + "\n", to: name)
    }

    /// What koomyd says of the app.
    var app: KoomyWire.AppView {
        var app = Samples.api
        app.file = files("api.yaml")
        return app
    }

    static let done = CommandResult(.done, message: "done", apps: [AppResult(app: "api", .done, message: "deployed")])

    /// A koomyd that knows the app and ends each deployment in this way.
    func daemon(
        _ result: CommandResult = done,
        workers: [KoomyWire.WorkerView]? = nil,
        deployments: [DeploymentView] = []
    ) -> ScriptedDaemon.Script {
        var app = app
        app.workers = workers ?? app.workers
        let (known, status) = (app, StatusView(daemon: Samples.daemon, apps: [app]))
        return { request in
            switch (request.method, request.target) {
            case ("GET", "/v1/apps/api"): .answer(known)
            case ("GET", "/v1/apps/api/deployments"): .answer(DeploymentsView(app: "api", deployments: deployments))
            case ("GET", "/v1/status"): .answer(status)
            case ("POST", "/v1/deploy"): .stream([CommandProgress(app: "api", message: "rehearsing")], result)
            default: .unexpected
            }
        }
    }

    /// Runs `koomyctl deploy api` in the workspace.
    func deploy(
        _ arguments: [String],
        environment: [String: String] = [:],
        _ script: ScriptedDaemon.Script? = nil
    ) throws -> (run: Command.Result, requests: [String]) {
        try koomyctl(
            ["deploy", "api"] + arguments,
            environment: environment,
            folder: files.path,
            script: script ?? daemon()
        )
    }

    /// The complete releases, the newest first.
    var releases: [ReleaseID] { DeployLayout.complete(among: Files.names(in: layout.releases)) }

    /// What is in `releases` beside complete releases, their records and the logs.
    var remains: [String] {
        let known = Set(releases.flatMap { [$0.text, ".\($0.text).json"] } + [".logs"])
        return Files.names(in: layout.releases).filter { !known.contains($0) }
    }

    /// The request of a deployment that was sent, of which there is one.
    func request(_ requests: [String]) throws -> DeployRequest {
        let sent = requests.filter { $0.hasPrefix("POST") }
        guard sent.count == 1, let body = sent[0].split(separator: " ", maxSplits: 2).last else {
            throw TestFailure(description: "not one deployment was asked for: \(sent)")
        }
        return try WireCoding.decode(from: Array(body.utf8))
    }
}
