/// Why an ecosystem file was not taken over: every problem in it, in the order of their places, and its warnings.
package struct ConfigurationError: Error, Hashable, Sendable {
    /// Never empty; holds at least one error.
    package let diagnostics: [Diagnostic]

    init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// Only the errors.
    package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
}

extension ConfigurationError: CustomStringConvertible {
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
