import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Finding a program")
struct ProgramSearchTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        mkdir(scratch("bin"), 0o755)
        mkdir(scratch("app"), 0o755)
    }

    private func find(_ program: String, path: String? = nil) throws(SystemError) -> String {
        try ProgramSearch.find(program, in: scratch("app"), path: path ?? scratch("bin"))
    }

    private func error(_ program: String, path: String? = nil) -> SystemError? {
        systemError { () throws(SystemError) in _ = try find(program, path: path) }
    }

    @Test
    func `the working directory comes before PATH`() throws {
        try scratch.file("bin/server", mode: 0o755)
        #expect(try find("server") == scratch("bin/server"))
        try scratch.file("app/server", mode: 0o755)
        #expect(try find("server") == scratch("app/server"))
    }

    @Test
    func `PATH is searched in its order, and may be relative`() throws {
        mkdir(scratch("app/tools"), 0o755)
        try scratch.file("app/tools/run", mode: 0o755)
        try scratch.file("bin/run", mode: 0o755)
        #expect(try find("run", path: "\(scratch("none")):tools:\(scratch("bin"))") == scratch("app/tools/run"))
        #expect(try find("run", path: "\(scratch("bin")):tools") == scratch("bin/run"))
    }

    @Test
    func `the system's programs are found without PATH`() throws {
        let found = try ProgramSearch.find("sh", in: scratch("app"), path: nil)
        #expect(found == "/usr/bin/sh" || found == "/bin/sh")
    }

    @Test
    func `with a slash only that place counts`() throws {
        try scratch.file("bin/server", mode: 0o755)
        #expect(error("./server")?.errno == .noSuchFile)
        #expect(error("./server")?.subject == scratch("app/server"))
        #expect(try find("../bin/server") == scratch("app/../bin/server"))
        #expect(try find(scratch("bin/server")) == scratch("bin/server"))
    }

    @Test
    func `missing, not executable and a folder are told apart`() throws {
        try scratch.file("app/plain")
        mkdir(scratch("app/folder"), 0o755)
        #expect(error("missing")?.errno == .noSuchFile)
        #expect(error("missing")?.hint?.contains(scratch("bin")) == true)
        #expect(error("plain")?.errno == .permissionDenied)
        #expect(error("plain")?.hint?.contains("chmod +x") == true)
        #expect(error("./folder")?.errno == .isDirectory)
        #expect(error("folder")?.errno == .isDirectory)
        #expect(error("")?.errno == .noSuchFile)
        #expect(error("./plain/x")?.errno == .notDirectory)
    }

    @Test
    func `what cannot be run is passed over where another can`() throws {
        try scratch.file("app/server")
        try scratch.file("bin/server", mode: 0o755)
        #expect(try find("server") == scratch("bin/server"))
        mkdir(scratch("app/node"), 0o755)
        try scratch.file("bin/node", mode: 0o755)
        #expect(try find("node") == scratch("bin/node"))
    }

    @Test
    func `symbolic links are left for the start to follow`() throws {
        try scratch.file("bin/v1", mode: 0o755)
        symlink(scratch("bin/v1"), scratch("app/current"))
        #expect(try find("current") == scratch("app/current"))
        symlink(scratch("nowhere"), scratch("app/dangling"))
        #expect(error("./dangling")?.errno == .noSuchFile)
    }

    @Test
    func `a script for an interpreter need not be executable`() throws {
        try scratch.file("app/server.js")
        #expect(try ProgramSearch.findScript("server.js", in: scratch("app")) == scratch("app/server.js"))
        let missing = systemError { () throws(SystemError) in
            _ = try ProgramSearch.findScript("none.js", in: scratch("app"))
        }
        #expect(missing?.subject == scratch("app/none.js"))
    }

    @Test(arguments: [
        ("#!/usr/bin/env node\nx", "/usr/bin/env"), ("#! /bin/sh -e", "/bin/sh"), ("#!\t/bin/sh\n", "/bin/sh"),
    ])
    func `the interpreter of a script is read from its first line`(text: String, interpreter: String) throws {
        #expect(ScriptInterpreter.named(in: try scratch.file("script", text)) == interpreter)
    }

    @Test(arguments: ["", "#!", "#!\n/bin/sh", "# !/bin/sh", "\u{7F}ELF"])
    func `what is no script has no interpreter`(text: String) throws {
        #expect(ScriptInterpreter.named(in: try scratch.file("script", text)) == nil)
    }
}
