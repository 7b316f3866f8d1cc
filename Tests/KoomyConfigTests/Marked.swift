import KoomyModel
import Testing

@testable import KoomyConfig

extension LoadContext {
    /// A machine that is the same everywhere.
    static let sample = LoadContext(currentDirectory: "/home/dev", homeDirectory: "/home/ann", processorCount: 4)
}

/// A text with a `«` before each place where a problem is expected.
struct Marked {
    let text: String
    /// As `line:column`, in the order of the text.
    let places: [String]

    init(_ marked: String) {
        var text = ""
        var places: [String] = []
        var (line, column) = (1, 1)
        for scalar in marked.unicodeScalars {
            if scalar == "«" {
                places.append("\(line):\(column)")
                continue
            }
            text.unicodeScalars.append(scalar)
            column += 1
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
        self.text = text
        self.places = places
    }
}

func load(
    _ text: String,
    name: String = "/srv/shop/ecosystem.yaml",
    context: LoadContext = .sample
) throws(ConfigurationError) -> Ecosystem {
    try EcosystemFile.parse(bytes: Array(text.utf8), name: name, context: context)
}

/// Reads an app of the name `api` and the script `./server` with these attributes, one a line.
func app(_ attributes: String, context: LoadContext = .sample) throws -> AppSpec {
    let ecosystem = try load("name: api\nscript: ./server\n" + attributes, context: context)
    #expect(ecosystem.apps.count == 1)
    return try #require(ecosystem.apps.first)
}

/// Checks that a text has exactly the marked problems.
///
/// Each is told by a part of its message, and where given, by a part of its hint after ` | `.
@discardableResult
func expectProblems(
    _ marked: String,
    _ messages: String...,
    name: String = "/srv/shop/ecosystem.yaml",
    context: LoadContext = .sample,
    location: SourceLocation = #_sourceLocation
) -> [Diagnostic] {
    check(Marked(marked), messages, name: name, context: context, location: location)
}

/// Checks that the lines are attributes of an app with the marked problems.
@discardableResult
func expectAttributeProblems(
    _ marked: String,
    _ messages: String...,
    context: LoadContext = .sample,
    location: SourceLocation = #_sourceLocation
) -> [Diagnostic] {
    let marked = Marked("name: api\nscript: ./server\n" + marked)
    return check(marked, messages, name: "/srv/shop/ecosystem.yaml", context: context, location: location)
}

private func check(
    _ marked: Marked,
    _ messages: [String],
    name: String,
    context: LoadContext,
    location: SourceLocation
) -> [Diagnostic] {
    do {
        _ = try load(marked.text, name: name, context: context)
        Issue.record("the text was accepted: \(marked.text)", sourceLocation: location)
        return []
    } catch {
        let errors = error.errors
        #expect(errors.map { "\($0.line):\($0.column)" } == marked.places, "\(error)", sourceLocation: location)
        #expect(errors.count == messages.count, "\(error)", sourceLocation: location)
        for (diagnostic, message) in zip(errors, messages) {
            let parts = message.components(separatedBy: " | ")
            #expect(diagnostic.message.contains(parts[0]), "\(diagnostic)", sourceLocation: location)
            if parts.count == 2 {
                let hint = diagnostic.hint ?? ""
                #expect(hint.contains(parts[1]), "\(diagnostic)", sourceLocation: location)
            }
        }
        return errors
    }
}

extension String {
    /// Without Foundation.
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
