import KoomyWire
import TestSupport
import Testing

@Suite struct ValidateRunTests {
    @Test func `a good file is good, without a daemon`() throws {
        try Workspace.with { files in
            let path = try files.write(#"{"apps":[{"name":"api","script":"/bin/true"}]}"#, to: "a.json")
            let run = try koomyctl(["validate", path])
            #expect(run.code == 0 && run.out == "\(path) is valid: 1 app, api\n" && run.error.isEmpty, "\(run)")
            try #expect(koomyctl(["validate", "a.json"], folder: files.path).code == 0)
            let json = try koomyctl(["validate", path, "--json"])
            #expect(json.out == #"{"apps":["api"],"diagnostics":[],"file":""# + path + "\",\"valid\":true}\n")
        }
    }

    @Test func `a bad file's problems are all told, with their places`() throws {
        try Workspace.with { files in
            let path = try files.write(#"{"apps":[{"nam":"api","scrpt":"/bin/true"}]}"#, to: "a.json")
            let run = try koomyctl(["validate", path])
            #expect(run.code == 65 && run.out.isEmpty, "\(run)")
            #expect(run.error.contains("\(path):1:") && run.error.contains("scrpt"), "\(run)")
            #expect(run.error.contains("is not valid: "), "\(run)")
            let json = try koomyctl(["validate", path, "--json"])
            #expect(json.code == 65 && json.error.isEmpty && json.out.contains("\"valid\":false"), "\(json)")
        }
    }

    @Test func `a file that is not there is not valid`() throws {
        let run = try koomyctl(["validate", "/nonexistent/a.json"])
        #expect(run.code == 65 && run.error.contains("/nonexistent/a.json"), "\(run)")
    }
}
