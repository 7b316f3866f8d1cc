import KoomyWire
import TestSupport
import Testing

@testable import koomyctl

@Suite struct ReleaseSourceTests {
    private let tools = DeployTools(environment: baseEnvironment())

    @Test(arguments: [
        ("https://host/repo.git", true), ("ssh://me@host/repo", true), ("me@host:repo", true), ("host:a/b", true),
        ("/srv/repo", false), (".", false), ("../repo", false), ("/srv/with:colon", false), ("a/b:c", false),
    ])
    func `repositories of other hosts`(text: String, isRemote: Bool) {
        #expect(ReleaseSource.isRemote(text) == isRemote)
    }

    @Test(arguments: [
        ("https://me:secret@host/repo", "https://host/repo"), ("https://host/a@b:c", "https://host/a@b:c"),
        ("ssh://git@host/repo", "ssh://git@host/repo"), ("git@host:repo", "git@host:repo"), ("/srv/repo", "/srv/repo"),
    ])
    func `a password is not shown`(text: String, shown: String) {
        #expect(ReleaseSource.withoutPassword(text) == shown)
    }

    @Test func `a folder's revision is that of its contents, names, modes and links`() throws {
        try Workspace.with { files in
            func revision(_ name: String) throws -> String {
                try ReleaseSource.folder(files(name), name: name, outside: "/nowhere", tools).revision
            }
            for name in ["a", "b"] {
                try files.write("one", to: "\(name)/x")
                try files.write("two", to: "\(name)/sub/y", executable: true)
                #expect(try Command.run(["ln", "-s", "x", files("\(name)/link")]).code == 0)
            }
            let first = try revision("a")
            #expect(first.utf8.count == 64)
            #expect(try revision("b") == first)
            // Times and owners are not of it.
            #expect(try Command.run(["touch", "-d", "2001-01-01", files("b/x"), files("b")]).code == 0)
            #expect(try revision("b") == first)
            for change in [
                ["chmod", "-x", files("b/sub/y")], ["ln", "-sfn", "sub", files("b/link")],
                ["mv", files("b/x"), files("b/z")],
                ["cp", files("b/z"), files("b/new")], ["truncate", "-s", "1", files("b/new")],
            ] {
                let before = try revision("b")
                #expect(try Command.run(change).code == 0)
                #expect(try revision("b") != before, "\(change)")
            }
        }
    }

    @Test func `a folder that holds the releases is not copied into itself`() throws {
        try Workspace.with { files in
            try files.write("x", to: "app/root/releases/x")
            for folder in ["app", "app/root", "app/./root/.."] {
                #expect(throws: DeployFailure.self) {
                    try ReleaseSource.folder(files(folder), name: folder, outside: files("app/root"), tools)
                }
            }
            #expect(throws: Never.self) {
                try ReleaseSource.folder(files("app/root/releases"), name: "x", outside: files("app/rootless"), tools)
            }
        }
    }

    @Test func `room on the disk`() throws {
        #expect(throws: Never.self) { try FreeSpace.check(1 << 30, free: 2 << 30, in: "/srv") }
        for (size, free) in [(UInt64(1) << 30, UInt64(1) << 20), (1 << 30, 1 << 30), (UInt64.max, 1 << 40)] {
            do throws(DeployFailure) {
                try FreeSpace.check(size, free: free, in: "/srv")
                Issue.record("there is no room")
            } catch {
                #expect(error.error.exitCode == ExitCode.cannotSave.rawValue)
                #expect(error.error.message.contains("/srv has room for"))
            }
        }
        #expect(throws: DeployFailure.self) { try FreeSpace.check(.max, in: "/") }
    }
}
