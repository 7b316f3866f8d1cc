import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct DeployTests {
    private func deploy(_ text: String) throws -> DeploySpec? { try app("deploy: \(text)\n").deploy }

    @Test func `every attribute`() throws {
        let text = """
            deploy:
              path: /srv/api
              keep: 3
              build: npm ci && npm run build
              shared: [.env, ./uploads/, var/cache]
              rehearse: {paths: [/health, "/ready?full=1"], timeout: 2s}
              pre_deploy: {command: [./migrate, --all], timeout: 5m}
              post_deploy: [./announce, done]
              on_failure: {command: "./announce failed"}

            """
        var expected = DeploySpec(root: "/srv/api")
        expected.keep = 3
        expected.build = .init(arguments: ["/bin/sh", "-c", "npm ci && npm run build"], timeout: .seconds(900))
        expected.shared = [".env", "uploads", "var/cache"]
        expected.rehearsal?.paths = ["/health", "/ready?full=1"]
        expected.rehearsal?.timeout = .seconds(2)
        expected.before = .init(arguments: ["./migrate", "--all"], timeout: .seconds(300))
        expected.after = .init(arguments: ["./announce", "done"], timeout: .seconds(60))
        expected.onFailure = .init(arguments: ["/bin/sh", "-c", "./announce failed"], timeout: .seconds(60))
        #expect(try app(text).deploy == expected)
        #expect(try app(text.replacingDeployWords()).deploy == expected)
    }

    @Test func `what is not named keeps its default`() throws {
        #expect(try app("").deploy == nil)
        #expect(try deploy("false") == nil)
        #expect(try deploy("{path: /srv/api}") == DeploySpec(root: "/srv/api"))
        let text = "{path: /srv/api, build: false, rehearse: true, shared: [], on_failure: null}"
        #expect(try deploy(text) == DeploySpec(root: "/srv/api"))
        #expect(try deploy("{path: /srv/api, rehearse: false}")?.rehearsal == nil)
        #expect(try deploy("{path: /srv/api, rehearse: {}}")?.rehearsal == DeploySpec.Rehearsal())
    }

    @Test func `the folder becomes absolute, and has what belongs to it`() throws {
        let file = "/srv/api/current/api.yaml"
        let text = "script: ./a\ndeploy: {path: ..}\n"
        let parsed = try EcosystemFile.parse(bytes: Array(text.utf8), name: file, context: .sample).apps.first?.deploy
        #expect(parsed == DeploySpec(root: "/srv/api"))
        #expect(parsed?.link == "/srv/api/current" && parsed?.releases == "/srv/api/releases")
        #expect(try deploy("{path: ~/api}")?.root == "/home/ann/api")
        expectAttributeProblems("deploy: {path: «/}\n", "\"path\" is the folder of one app, not /")
        expectAttributeProblems("deploy: {path: «5}\n", "\"path\" is a path, not")
        expectAttributeProblems("deploy: «{keep: 3}\n", "\"deploy\" has no path | path: /srv/api")
        expectAttributeProblems("deploy: «/srv/api\n", "\"deploy\" is a mapping, not | {path: /srv/api}")
    }

    @Test func `what releases share lies below one folder`() throws {
        for bad in ["/etc/passwd", "../x", "a/../../b", ".", "~/x", "./"] {
            expectAttributeProblems(
                "deploy: {path: /a, shared: [«'\(bad)']}\n",
                "\"\(bad)\" is not a path below shared/"
            )
        }
        expectAttributeProblems("deploy: {path: /a, shared: [up, «up/x]}\n", "\"up/x\" is in \"up\"")
        expectAttributeProblems("deploy: {path: /a, shared: [up/x, «up]}\n", "or the other way round | the outer one")
        #expect(throws: Never.self) { try app("deploy: {path: /a, shared: [up, upper]}\n") }
        #expect(try app("deploy: {path: /a, shared: .env}\n").deploy?.shared == [".env"])
    }

    @Test func `commands that are none`() {
        expectAttributeProblems("deploy: {path: /a, build: «5}\n", "\"build\" is a command, or a list of its words")
        expectAttributeProblems("deploy: {path: /a, build: «[]}\n", "runs no program | build: [npm, ci]")
        expectAttributeProblems("deploy: {path: /a, build: «{timeout: 5s}}\n", "\"build\" has no command")
        expectAttributeProblems("deploy: {path: /a, build: {command: x, timeout: «never}}\n", "a length of time")
        expectAttributeProblems(
            "deploy: {path: /a, build: {command: x, «timout: 5s}}\n",
            "unknown attribute \"timout\" of build | \"timeout\""
        )
    }

    @Test func `bounds and words`() {
        expectAttributeProblems("deploy: {path: /a, keep: «0}\n", "\"keep\" is 1 to 1000, not 0 | keep: 5")
        expectAttributeProblems("deploy: {path: /a, rehearse: «maybe}\n", "true, false or a mapping")
        expectAttributeProblems("deploy: {path: /a, rehearse: {paths: [«health]}}\n", "is not the path of a URL")
        expectAttributeProblems(
            "deploy: {path: /a, «pre_deply: x}\n",
            "unknown attribute \"pre_deply\" of deploy | \"pre_deploy\""
        )
        // What pm2 deploy has there.
        expectAttributeProblems(
            "deploy: «{«production: {host: x}}\n",
            "\"deploy\" has no path",
            "unknown attribute \"production\" of deploy | known here: path, keep, build"
        )
    }

    @Test func `beside the apps it is PM2's, and passed over with one notice`() throws {
        let ecosystem = try load("deploy: {production: {host: a}}\napps: [{script: ./a, deploy: {path: /a}}]\n")
        #expect(ecosystem.apps.first?.deploy == DeploySpec(root: "/a"))
        #expect(ecosystem.warnings.count == 1)
        #expect(ecosystem.warnings.first?.hint?.contains("koomyctl deploy") == true)
    }
}

extension String {
    /// The same in camelCase.
    fileprivate func replacingDeployWords() -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var line = String(line)
            for (snake, camel) in [
                ("pre_deploy", "preDeploy"), ("post_deploy", "postDeploy"), ("on_failure", "onFailure"),
            ] {
                if let range = line.firstRange(of: snake) { line.replaceSubrange(range, with: camel) }
            }
            return line
        }.joined(separator: "\n")
    }
}
