import Glibc
import KoomyWire
import ScriptedDaemon
import TestSupport
import Testing

@testable import koomyctl

@Suite struct DeployRunTests {
    @Test func `a folder becomes a release, and koomyd is asked for one thing`() throws {
        try DeployField.with { field in
            #expect(try Command.run(["ln", "-s", "lib/part", field.files("code/link")]).code == 0)
            let (run, requests) = try field.deploy(["code"])
            #expect(run.code == 0 && run.out == "api: deployed\n", "\(run)")
            let id = try #require(field.releases.first)
            let release = field.layout.release(id)
            #expect(Files.names(in: release) == ["lib", "link", "server"])
            #expect(Files.text(of: "\(release)/server") == "one" && access("\(release)/server", X_OK) == 0)
            #expect(Files.target(ofLink: "\(release)/link") == "lib/part")
            let request = try field.request(requests)
            #expect(request.app == "api" && request.release.id == id.text && request.release.path == release)
            #expect(request.rehearse == nil && request.canary == nil)
            let revision = try #require(request.release.revision)
            #expect(revision.utf8.count == 64 && id.text.hasSuffix("-\(revision.prefix(7))"))
            let record = try #require(ReleaseRecord.read(field.layout.record(id)))
            #expect(
                record.revision == revision && record.source == "code"
                    && record.preparedAt == request.release.preparedAt
            )
            #expect(record.steps.map(\.step) == ["locking", "reading", "copying"])
            // Nothing that serves was touched: moving the link is koomyd's.
            #expect(!TestSupport.Files.exists(field.layout.link) && field.remains.isEmpty, "\(field.remains)")
        }
    }

    @Test func `what is not wanted is said to koomyd`() throws {
        try DeployField.with { field in
            let (run, requests) = try field.deploy(["code", "--no-rehearsal", "--no-canary"])
            #expect(run.code == 0, "\(run)")
            let request = try field.request(requests)
            #expect(request.rehearse == false && request.canary == false)
        }
    }

    @Test(arguments: ["gzip", "zstd", "none"])
    func `a tarball is unpacked without the one folder that it has`(compression: String) throws {
        try DeployField.with { field in
            let ending = compression == "gzip" ? ".tgz" : compression == "zstd" ? ".tar.zst" : ".tar"
            let tarball = field.files("api" + ending)
            let prefixed = [
                "tar", "--auto-compress", "-cf", tarball, "--transform", "s,^code,api-1.0,", "-C", field.files.path,
            ]
            #expect(try Command.run(prefixed + ["code"]).code == 0)
            let (run, requests) = try field.deploy(["api" + ending])
            #expect(run.code == 0, "\(run)")
            let release = try field.request(requests).release
            #expect(Files.names(in: release.path) == ["lib", "server"])
            let digest = try Command.run(["sha256sum", tarball]).out
            #expect(release.revision.map { digest.hasPrefix($0 + " ") } == true)
            // Packed from inside the folder it is the same.
            #expect(try Command.run(["tar", "-czf", tarball, "-C", field.files("code"), "."]).code == 0)
            let inside = try field.deploy(["api" + ending])
            #expect(try Files.names(in: field.request(inside.requests).release.path) == ["lib", "server"])
        }
    }

    @Test func `a tarball that reaches out of its folder is refused, and leaves nothing`() throws {
        try DeployField.with { field in
            for name in ["../evil", field.files("evil")] {
                let pack = [
                    "tar", "-cPf", field.files("evil.tar"), "--transform", "s,^server$,\(name),", "-C",
                    field.files("code"),
                ]
                #expect(try Command.run(pack + ["server"]).code == 0)
                let (run, requests) = try field.deploy(["evil.tar"])
                #expect(run.code == 65 && run.error.contains("would lie outside of the release: \(name)"), "\(run)")
                #expect(!requests.contains { $0.hasPrefix("POST") })
                #expect(
                    !TestSupport.Files.exists(field.files("evil")) && field.releases.isEmpty && field.remains.isEmpty
                )
            }
            try field.files.write("no tarball", to: "bad.tar.gz")
            let (run, _) = try field.deploy(["bad.tar.gz"])
            #expect(run.code == 65 && run.error.contains("tar failed: "), "\(run)")
            #expect(field.releases.isEmpty && field.remains.isEmpty)
        }
    }

    @Test func `a commit of a repository becomes a release, without its history`() throws {
        try DeployField.with { field in
            let git = ["git", "-C", field.files("code"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
            #expect(try Command.run(git + ["init", "--quiet", "--initial-branch=main"]).code == 0)
            #expect(try Command.run(git + ["add", "."]).code == 0)
            #expect(try Command.run(git + ["commit", "--quiet", "-m", "first"]).code == 0)
            #expect(try Command.run(git + ["tag", "v1"]).code == 0)
            let commit = try Command.run(git + ["rev-parse", "HEAD"]).out.prefix { $0 != "\n" }
            try field.files.write("changed, and not committed", to: "code/server")
            for arguments in [
                ["--git", "main", "--repo", "code"], ["--git", "v1", "--repo", "code/lib"],
                ["--git", String(commit.prefix(10)), "--repo", field.files("code/.git")],
                ["--git", "main", "--repo", "file://\(field.files("code"))"],
            ] {
                let (run, requests) = try field.deploy(arguments)
                #expect(run.code == 0, "\(arguments): \(run)")
                let release = try field.request(requests).release
                #expect(release.revision == String(commit), "\(arguments)")
                #expect(Files.names(in: release.path) == ["lib", "server"], "\(arguments)")
                #expect(Files.text(of: "\(release.path)/server") == "one")
            }
            let (run, requests) = try field.deploy(["--git", "nowhere", "--repo", "code"])
            #expect(run.code == 65 && run.error.contains("code has no commit, branch or tag \"nowhere\""), "\(run)")
            #expect(!requests.contains { $0.hasPrefix("POST") } && field.remains.isEmpty)
        }
    }

    @Test func `the build has the app's environment, its output is shown and kept`() throws {
        try DeployField.with("build: 'echo $COLOUR $KOOMY_APP; pwd; echo $KOOMY_REVISION >REV; echo noise >&2'\n") {
            field in
            let (run, requests) = try field.deploy(["code"])
            #expect(run.code == 0, "\(run)")
            let release = try field.request(requests).release
            #expect(run.error.contains("  blue api\n  \(release.path)\n"), "\(run)")
            #expect(Files.text(of: "\(release.path)/REV") == (release.revision ?? "") + "\n")
            let id = try #require(field.releases.first)
            let log = Files.lines(of: field.layout.buildLog(id))
            #expect(log.sorted() == ["blue api", release.path, "noise"].sorted(), "\(log)")
        }
    }

    @Test func `the release's own file says how it is built`() throws {
        try DeployField.with { field in
            // As after a deployment: koomyd's file lies in the release that serves.
            try field.writeFile("build: echo old >BUILT\n", to: "root/releases/20200101T000000Z-0000000/api.yaml")
            #expect(try Command.run(["ln", "-s", "releases/20200101T000000Z-0000000", field.layout.link]).code == 0)
            try field.writeFile("build: echo new >BUILT\n", to: "code/api.yaml")
            var app = field.app
            app.file = "\(field.layout.link)/api.yaml"
            let known = app
            let others = field.daemon()
            let daemon: ScriptedDaemon.Script = { $0.target == "/v1/apps/api" ? .answer(known) : others($0) }
            let (run, requests) = try field.deploy(["code"], daemon)
            #expect(run.code == 0, "\(run)")
            let release = try field.request(requests).release
            #expect(Files.text(of: "\(release.path)/BUILT") == "new\n")
            // It has to be there, and to mean the same folder.
            Files.remove(field.files("code/api.yaml"))
            let without = try field.deploy(["code"], daemon).run
            #expect(without.code == 65 && without.error.contains("has no api.yaml"), "\(without)")
            try field.files.write("name: api\nscript: ./server\ndeploy: {path: /srv/other}\n", to: "code/api.yaml")
            let moved = try field.deploy(["code"], daemon).run
            #expect(moved.code == 65 && moved.error.contains("another deploy path, /srv/other"), "\(moved)")
            try field.files.write("name: api\nscrpt: ./server\n", to: "code/api.yaml")
            let broken = try field.deploy(["code"], daemon).run
            #expect(broken.code == 65 && broken.error.contains("unknown attribute \"scrpt\""), "\(broken)")
            #expect(field.remains.isEmpty && field.releases.count == 2, "\(field.remains)")
        }
    }

    @Test func `what an app has to have to be deployed`() throws {
        try DeployField.with { field in
            let unknown: ScriptedDaemon.Script = { request in
                request.target == "/v1/status"
                    ? .answer(Samples.status) : .refusal(ErrorView(.noSuchApp, message: "no app is named api"))
            }
            let (first, _) = try field.deploy(["code"], unknown)
            #expect(first.code == 2 && first.error.contains("no app is named api"), "\(first)")
            try field.files.write("name: api\nscript: ./server\n", to: "api.yaml")
            let without = try field.deploy(["code"]).run
            #expect(without.code == 65 && without.error.contains("api has no deploy block"), "\(without)")
            try field.files.write("name: web\nscript: ./server\n", to: "api.yaml")
            let other = try field.deploy(["code"]).run
            #expect(other.code == 65 && other.error.contains("has no app api"), "\(other)")
            try field.files.write("name: api\nscript: /bin/true\ndeploy: {path: \(field.root)}\n", to: "api.yaml")
            let elsewhere = try field.deploy(["code"]).run
            #expect(
                elsewhere.code == 65 && elsewhere.error.contains("leads through \(field.layout.link)"),
                "\(elsewhere)"
            )
            #expect(field.releases.isEmpty && field.remains.isEmpty)
        }
    }

    @Test func `a release that is there is deployed again`() throws {
        try DeployField.with { field in
            #expect(try field.deploy(["code"]).run.code == 0)
            let id = try #require(field.releases.first)
            let (run, requests) = try field.deploy(["--release", id.text])
            #expect(run.code == 0, "\(run)")
            let release = try field.request(requests).release
            #expect(release.id == id.text && release.revision?.utf8.count == 64 && release.preparedAt != nil)
            #expect(field.releases == [id])
            let missing = try field.deploy(["--release", "20200101T000000Z-0000000"]).run
            #expect(missing.code == 64 && missing.error.contains("there are \(id.text)"), "\(missing)")
        }
    }

    @Test func `a trial changes nothing`() throws {
        try DeployField.with("build: touch BUILT\nshared: .env\n") { field in
            try field.files.write("A=1", to: "root/shared/.env")
            let before = try Command.run(["find", field.files.path, "-newer", field.files("api.yaml")]).out
            let (run, requests) = try field.deploy(["code", "--dry-run"])
            #expect(run.code == 0 && run.out.contains("would make a release of code"), "\(run)")
            #expect(run.out.contains("would build it: /bin/sh -c touch BUILT") && run.out.contains("would link .env"))
            #expect(!requests.contains { $0.hasPrefix("POST") } && !TestSupport.Files.exists(field.layout.releases))
            let json = try field.deploy(["code", "--dry-run", "--json"]).run
            #expect(
                json.code == 0 && json.out.contains(#""keep":5"#) && json.out.contains(#""shared":[".env"]"#),
                "\(json)"
            )
            #expect(try Command.run(["find", field.files.path, "-newer", field.files("api.yaml")]).out == before)
        }
    }

    @Test func `as JSON there is a line for each step and one result`() throws {
        try DeployField.with("build: echo hello\n") { field in
            let (run, _) = try field.deploy(["code", "--json"])
            #expect(run.code == 0 && run.error.isEmpty, "\(run)")
            let messages = try run.out.split(separator: "\n").map {
                try WireCoding.decode(CommandMessage.self, from: Array($0.utf8))
            }
            #expect(messages.last == .result(DeployField.done))
            let steps = messages.compactMap { message -> String? in
                if case .progress(let progress) = message { progress.step } else { nil }
            }
            #expect(steps == ["locking", "reading", "copying", "building", "build_output", "finishing", "prepared"])
            let failed = try field.deploy(["nowhere", "--json"]).run
            let last = try #require(failed.out.split(separator: "\n").last)
            guard case .result(let result) = try WireCoding.decode(CommandMessage.self, from: Array(last.utf8)) else {
                Issue.record("\(failed)")
                return
            }
            #expect(result.code == 65 && failed.code == 65 && result.message == "nowhere is not there", "\(failed)")
        }
    }
}
