import TestSupport
import Testing

/// What documents show is true.
@Suite struct DocumentTests {
    /// The fenced blocks of a language in a Markdown file.
    private func blocks(_ language: String, of document: String) throws -> [String] {
        let text = try #require(Files.text(of: Fixture.project(document)))
        return text.split(separator: "```\(language)\n").dropFirst().compactMap { part in
            part.firstRange(of: "\n```").map { String(part[..<$0.lowerBound]) + "\n" }
        }
    }

    @Test func `the ecosystem file of the README is good`() throws {
        try Workspace.with { workspace in
            let blocks = try blocks("yaml", of: "README.md")
            #expect(blocks.count == 1)
            for block in blocks {
                try workspace.write("#!/bin/sh\n", to: ".build/release/koomy-api", executable: true)
                let file = try workspace.write(block, to: "api.yaml")
                let result = try Command.run([Binaries.path("koomyctl"), "validate", file])
                #expect(result.code == 0, "\(result)")
                #expect(result.error == "", "no warning either")
            }
        }
    }

    @Test func `every command of the README is one of koomyctl's`() throws {
        let help = try Command.run([Binaries.path("koomyctl"), "--help"]).out
        let shown = try blocks("console", of: "README.md").joined().split(separator: "\n").compactMap { line in
            line.hasPrefix("$ koomyctl ") ? line.split(separator: " ")[2] : nil
        }
        #expect(shown.count > 5)
        for command in shown { #expect(help.contains("  \(command)"), "\(command)") }
    }

    @Test func `the README is short`() throws {
        #expect(Files.lines(of: Fixture.project("README.md")).count <= 150)
    }

    @Test(arguments: ["koomy-api", "lumira", "koprogo", "romuo-vtc"])
    func `every ecosystem file of the project is read`(_ name: String) throws {
        let result = try Command.run([
            Binaries.path("koomyctl"), "validate", Fixture.project("ecosystem/\(name).yaml"), "--json",
        ])
        // What it names may not be on this machine; what it says has to make sense.
        #expect([0, 65].contains(result.code), "\(result)")
        #expect(!result.out.contains("unknown attribute"), "\(result)")
    }
}
