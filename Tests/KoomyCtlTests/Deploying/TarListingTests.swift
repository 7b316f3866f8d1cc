import TestSupport
import Testing

@testable import koomyctl

@Suite struct TarListingTests {
    @Test func `names and sizes`() {
        let listing = TarListing(
            """
            drwxr-xr-x 0/0               0 2026-11-20 20:56 ./
            -rw-r--r-- 1000/1000      1234 2026-11-20 20:56 ./a file
            lrwxrwxrwx 0/0               0 2026-11-20 20:56 ./etc -> ../../etc
            crw-r--r-- 0/0             1,3 2026-11-20 20:56 ./null
            hrw-r--r-- 0/0               0 2026-11-20 20:56 ./b link to ./a file
            -rw-r--r-- 0/0             766 1970-01-01 00:00 new\\nline

            """
        )
        #expect(listing.names == ["./", "./a file", "./etc", "./null", "./b", "new\\nline"])
        #expect(listing.size == 2_000)
        #expect(listing.outsider == nil)
    }

    @Test(arguments: ["../evil", "/etc/passwd", "a/../../evil", "a/..", "./../x"])
    func `what would lie outside`(name: String) {
        let listing = TarListing("-rw-r--r-- 0/0 1 2026-11-20 20:56 fine\n-rw-r--r-- 0/0 1 2026-11-20 20:56 \(name)\n")
        #expect(listing.outsider == name)
    }

    @Test(arguments: ["..a", "a..", "a/..b/c", "...", "a -> ../b"])
    func `two dots in a name are no way out`(name: String) {
        #expect(TarListing("-rw-r--r-- 0/0 1 2026-11-20 20:56 \(name)\n").outsider == nil)
    }

    @Test func `the names are those that tar really prints`() throws {
        try Workspace.with { files in
            for name in ["plain", "with space", "two\nlines", "ünïcode", "back\\slash", "a -> b"] {
                try files.write("12345", to: "in/\(name)")
            }
            let tar = ["tar", "--create", "--file", files("t.tar"), "--directory", files("in"), "."]
            #expect(try Command.run(tar).code == 0)
            let tools = DeployTools(environment: baseEnvironment())
            let text = try tools.run([
                "tar", "--list", "--verbose", "--numeric-owner", "--quoting-style=escape", "--file", files("t.tar"),
            ])
            let listing = TarListing(text)
            #expect(listing.size == 30 && listing.names.count == 7 && listing.outsider == nil, "\(listing)")
            #expect(listing.names.contains("./with space") && listing.names.contains("./a -> b"))
        }
    }
}
