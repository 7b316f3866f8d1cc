import KoomyWire
import TestSupport
import Testing

@testable import koomyctl

@Suite struct SharedLinksTests {
    private let tools = DeployTools(environment: baseEnvironment())

    /// A root with something shared, and a release.
    private func with(_ paths: [String], _ body: (Workspace, SharedLinks) throws -> Void) throws {
        try Workspace.with { files in
            try files.write("A=1", to: "shared/.env")
            try files.write("x", to: "shared/uploads/x")
            try files.write("main", to: "release/server")
            try body(files, SharedLinks(layout: DeployLayout(root: files.path), paths: paths))
        }
    }

    @Test func `links of the same names are made, with folders on the way`() throws {
        try with([".env", "uploads"]) { files, links in
            try links.check()
            #expect(try links.make(in: files("release"), tools).isEmpty)
            #expect(Files.target(ofLink: files("release/.env")) == files("shared/.env"))
            #expect(Files.text(of: files("release/uploads/x")) == "x")
        }
        try with(["var/cache/x"]) { files, links in
            try files.write("c", to: "shared/var/cache/x")
            #expect(try links.make(in: files("release"), tools).isEmpty)
            #expect(Files.text(of: files("release/var/cache/x")) == "c")
            #expect(Files.target(ofLink: files("release/var")) == nil)
        }
    }

    @Test func `what the release brings of that name gives way`() throws {
        try with([".env", "uploads"]) { files, links in
            try files.write("B=2", to: "release/.env")
            try files.write("y", to: "release/uploads/deep/y")
            #expect(try links.make(in: files("release"), tools) == [".env", "uploads"])
            #expect(Files.text(of: files("release/.env")) == "A=1")
            #expect(Files.names(in: files("release/uploads")) == ["x"])
            #expect(Files.text(of: files("shared/uploads/x")) == "x")
        }
    }

    @Test func `what is not there is named before anything is done`() throws {
        try with([".env", "secrets"]) { files, links in
            do throws(DeployFailure) {
                try links.check()
                Issue.record("it is not there")
            } catch {
                #expect(error.error.code == Outcome.badConfiguration.rawValue)
                #expect(error.error.message == "\(files("shared/secrets")) is not there, which releases share")
            }
        }
    }

    @Test func `a link on the way does not lead out of the release`() throws {
        try with(["conf/.env"]) { files, links in
            try files.write("precious", to: "elsewhere/.env")
            try files.write("s", to: "shared/conf/.env")
            #expect(try Command.run(["ln", "-s", files("elsewhere"), files("release/conf")]).code == 0)
            do throws(DeployFailure) {
                _ = try links.make(in: files("release"), tools)
                Issue.record("it led out")
            } catch {
                #expect(error.error.message.contains("has a link or a file at conf"), "\(error)")
            }
            #expect(Files.text(of: files("elsewhere/.env")) == "precious")
        }
    }
}
