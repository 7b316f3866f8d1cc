import Glibc
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

@testable import koomyctl

@Suite struct FirstDeployRunTests {
    /// A koomyd that has never heard of the app.
    private func stranger(_ result: CommandResult = DeployField.done) -> ScriptedDaemon.Script {
        { request in
            switch (request.method, request.target) {
            case ("POST", "/v1/start"): .stream([], result)
            case ("POST", "/v1/delete"): .stream([], CommandResult(.done, message: "deleted"))
            case ("GET", "/v1/status"): .answer(StatusView(daemon: Samples.daemon, apps: []))
            default: .refusal(ErrorView(.noSuchApp, message: "no app is named api"))
            }
        }
    }

    private func posts(_ requests: [String]) -> [String] { requests.filter { $0.hasPrefix("POST") } }

    @Test(arguments: ["folder", "tarball", "elsewhere"])
    func `the link leads to the release, and the app is started from its file`(kind: String) throws {
        try DeployField.with { field in
            let isInside = kind != "elsewhere"
            if isInside { try field.writeFile("", to: "code/api.yaml") }
            #expect(try Command.run(["tar", "-czf", field.files("c.tgz"), "-C", field.files.path, "code"]).code == 0)
            let source = kind == "tarball" ? "c.tgz" : "code"
            let file = isInside ? "code/api.yaml" : "api.yaml"
            let (run, requests) = try field.deploy([source, "--file", file], stranger())
            #expect(run.code == 0, "\(run)")
            let id = try #require(field.releases.first)
            #expect(TestSupport.Files.target(ofLink: field.layout.link) == "releases/\(id.text)")
            let started = isInside ? "\(field.layout.link)/api.yaml" : field.files("api.yaml")
            #expect(posts(requests) == [#"POST /v1/start {"file":"\#(started)","only":["api"]}"#], "\(requests)")
        }
    }

    @Test func `if it does not start, it is forgotten and the link is as it was`() throws {
        try DeployField.with { field in
            let failing = stranger(CommandResult(.workerFailed, message: "it ends at once"))
            let (run, requests) = try field.deploy(["code", "--file", "api.yaml"], failing)
            #expect(run.code == 4 && run.error.contains("it ends at once"), "\(run)")
            #expect(posts(requests).last == #"POST /v1/delete {"targets":["api"]}"#)
            #expect(!TestSupport.Files.exists(field.layout.link) && field.releases.isEmpty && field.remains.isEmpty)
            // An app that was deleted, whose folder is still there.
            try field.files.write("x", to: "root/releases/20200101T000000Z-0000000/server")
            let before = "releases/20200101T000000Z-0000000"
            #expect(try Command.run(["ln", "-s", before, field.layout.link]).code == 0)
            #expect(try field.deploy(["code", "--file", "api.yaml"], failing).run.code == 4)
            #expect(TestSupport.Files.target(ofLink: field.layout.link) == before && field.releases.count == 1)
        }
    }

    @Test func `where koomyd may go on, nothing is taken from it`() throws {
        try DeployField.with { field in
            let known = stranger()
            let silent: ScriptedDaemon.Script = { request in
                request.method == "POST" ? .streamHead + [.waitForClientToLeave] : known(request)
            }
            let (run, requests) = try field.deploy(["code", "--file", "api.yaml", "--timeout", "2s"], silent)
            #expect(run.code == 75 && posts(requests).count == 1, "\(run)")
            #expect(field.releases.count == 1 && TestSupport.Files.exists(field.layout.link))
        }
    }

    @Test func `a relative path of the releases is told apart before anything is started`() throws {
        try DeployField.with { field in
            let text = "name: api\nscript: ./server\ndeploy: {path: ../root}\n"
            try field.files.write(text, to: "code/api.yaml")
            let (run, requests) = try field.deploy(["code", "--file", "code/api.yaml"], stranger())
            #expect(run.code == 65 && run.error.contains("make it absolute"), "\(run)")
            #expect(posts(requests).isEmpty && field.releases.isEmpty && field.remains.isEmpty)
        }
    }

    @Test func `for an app that is known the file does no harm`() throws {
        try DeployField.with { field in
            try field.writeFile("", to: "other.yaml")
            let (run, requests) = try field.deploy(["code", "--file", "other.yaml"])
            #expect(
                run.code == 0 && run.error.contains("is known from \(field.files("api.yaml")), which counts"),
                "\(run)"
            )
            #expect(try field.request(requests).app == "api")
        }
    }

    @Test(.needsRoot) func `root builds as the app's user`() throws {
        try DeployField.with("build: 'id -un; touch BUILT'\n") { field in
            let text = try #require(TestSupport.Files.text(of: field.files("api.yaml")))
            try field.files.write(text + "user: nobody\n", to: "api.yaml")
            let (run, requests) = try field.deploy(["code"])
            #expect(run.code == 0 && run.error.contains("  nobody\n"), "\(run)")
            let release = try field.request(requests).release.path
            let owners = try Command.run(["stat", "-c", "%U", "\(release)/BUILT", "\(release)/server", release]).out
            #expect(owners == "nobody\nnobody\nnobody\n")
        }
    }
}
