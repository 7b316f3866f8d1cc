import KoomyModel
import Testing

extension AppSpec {
    /// An app of a program that is on every machine.
    static func example(_ name: String = "web", _ script: String = "/bin/true") throws -> AppSpec {
        AppSpec(name: try #require(AppName(name)), command: Command(script: script), workingDirectory: "/")
    }
}
