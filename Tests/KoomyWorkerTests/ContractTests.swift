import Glibc
import Testing

struct ContractTests {
    /// The folder of the package, from the place of this file.
    private func text(of path: String, here: String = #filePath) throws -> String {
        let root = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let file = try #require(fopen("\(root)/\(path)", "re"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `the example in the document is the one that is built`() throws {
        let document = try text(of: "docs/worker-contract.md")
        let example = try text(of: "Tests/worker-example/main.swift")
        #expect(document.contains("<!-- file: main.swift -->\n```swift\n\(example)```\n"))
        #expect(example.split(separator: "\n", omittingEmptySubsequences: false).count <= 21)
    }
}
