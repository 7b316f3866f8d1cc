import Glibc
import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct FileContentsTests {
    private func failure(_ path: String) throws -> Diagnostic {
        let error = try #require(throws: ConfigurationError.self) {
            _ = try EcosystemFile.load(path: path, context: .sample)
        }
        #expect(error.diagnostics.count == 1)
        #expect(error.diagnostics[0].file == path)
        #expect([error.diagnostics[0].line, error.diagnostics[0].column] == [1, 1])
        return error.diagnostics[0]
    }

    @Test func `a file is read`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", "script: ./x\n")
        let ecosystem = try EcosystemFile.load(path: folder.path + "/a.yaml", context: .sample)
        #expect(ecosystem.apps[0].command.script == folder.path + "/x")
        try folder.write("large.json", "[{\"script\": \"./x\"}]" + String(repeating: " ", count: 3 << 20))
        #expect(try EcosystemFile.load(path: folder.path + "/large.json", context: .sample).apps.count == 1)
    }

    @Test func `what cannot be read is said`() throws {
        let folder = try TemporaryFolder()
        #expect(try failure(folder.path + "/none.yaml").message == "cannot open the file: No such file or directory")
        #expect(try failure(folder.path).message == "this is a directory")
        try folder.makeFIFO("fifo.yaml")
        #expect(try failure(folder.path + "/fifo.yaml").message == "not a regular file")
        #expect(try failure("/dev/null").message == "not a regular file")
        try folder.write("plain", "x")
        #expect(try failure(folder.path + "/plain/x.yaml").message == "cannot open the file: Not a directory")
    }

    @Test func `five megabytes are too many`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", bytes: [UInt8](repeating: 0x20, count: 5 << 20))
        #expect(try failure(folder.path + "/a.yaml").message == "the file is larger than 4 MiB")
    }

    @Test func `no descriptor stays open`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", "script: ./x\n")
        try folder.write("bad.yaml", "script: [\n")
        let before = dup(0)
        close(before)
        for _ in 0..<300 {
            _ = try EcosystemFile.load(path: folder.path + "/a.yaml", context: .sample)
            _ = try? EcosystemFile.load(path: folder.path + "/bad.yaml", context: .sample)
            _ = try? EcosystemFile.load(path: folder.path, context: .sample)
        }
        // Other tests open files at the same time; three hundred leaks would show all the same.
        let after = dup(0)
        close(after)
        #expect(after < before + 100)
    }

    @Test(arguments: [
        (
            "ecosystem.config.js",
            #"node -e 'console.log(JSON.stringify(require("./ecosystem.config.js"), null, 2))' > ecosystem.config.json"#
        ),
        ("/srv/e.cjs", #"node -e 'console.log(JSON.stringify(require("./e.cjs"), null, 2))' > e.json"#),
        (
            "it's.mjs",
            #"node --input-type=module -e 'import c from "./it'\''s.mjs"; console.log(JSON.stringify(c, null, 2))' > 'it'\''s.json'"#
        ),
    ])
    func `a JavaScript file is told what to do`(path: String, command: String) throws {
        let found = try failure(path)
        #expect(found.message == "JavaScript files are not read yet, only YAML and JSON")
        #expect(found.hint?.hasSuffix(command) == true, "\(found)")
        #expect(throws: ConfigurationError.self) { _ = try load("x", name: path) }
    }
}
