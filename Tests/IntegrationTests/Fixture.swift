import TestSupport

/// A file of Tests/IntegrationTests/Fixtures.
enum Fixture {
    static func path(_ name: String, here: StaticString = #filePath) -> String {
        let folder = "\(here)".split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return "\(folder)/Fixtures/\(name)"
    }

    /// A file of the project, by its path from the top.
    static func project(_ path: String) -> String { self.path("../../../\(path)") }
}
