import Glibc
import KoomySystem
import TestSupport
import Testing

struct SymbolicLinkTests {
    @Test func `a link leads somewhere else from one instant to the next`() throws {
        try Workspace.with { files in
            let root = try #require(SymbolicLink.resolve(files.path))
            try Files.makeFolder("\(root)/1")
            try Files.makeFolder("\(root)/2")
            let link = "\(root)/current"
            #expect(SymbolicLink.target(of: link) == nil && SymbolicLink.resolve(link) == nil)
            for name in ["1", "2", "1"] {
                try SymbolicLink.point(link, at: name)
                #expect(SymbolicLink.target(of: link) == name && SymbolicLink.resolve(link) == "\(root)/\(name)")
            }
            try SymbolicLink.point(link, at: "gone")
            #expect(SymbolicLink.target(of: link) == "gone" && SymbolicLink.resolve(link) == nil)
            #expect(Files.names(in: root).sorted() == ["1", "2", "current"])
        }
    }

    @Test func `what is no link is left alone`() throws {
        try Workspace.with { files in
            try Files.makeFolder(files("current"))
            #expect(throws: SystemError.self) { try SymbolicLink.point(files("current"), at: "x") }
            #expect(Files.names(in: files.path) == ["current"])
        }
    }
}
