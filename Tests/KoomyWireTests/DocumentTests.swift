import Glibc
import KoomyWire
import Testing

/// The document of the control API names everything that it promises.
@Suite struct DocumentTests {
    private func document() throws -> String {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/"
        )
        let file = open("\(folder)/docs/control-api.md", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<count]
        }
    }

    @Test func `every outcome stands with its exit code and status`() throws {
        let lines = try document().split(separator: "\n")
        for outcome in Outcome.allCases {
            let line = lines.first {
                $0.hasPrefix("| \(outcome.exitCode.rawValue) |") && $0.contains("`\(outcome.rawValue)`")
            }
            #expect(line != nil, "\(outcome.rawValue)")
        }
        for outcome in [Outcome.noSuchApp, .notPermitted, .badRequest, .badConfiguration, .cannotSave, .shuttingDown] {
            let line = lines.first {
                $0.contains("| `\(outcome.rawValue)`") && $0.contains("| \(outcome.httpStatus) |")
            }
            #expect(line != nil, "\(outcome.rawValue)")
        }
    }

    @Test func `every type of event is explained`() throws {
        let text = try document()
        for type in EventType.allCases { #expect(text.contains("\n| `\(type.rawValue)` | "), "\(type.rawValue)") }
    }
}
