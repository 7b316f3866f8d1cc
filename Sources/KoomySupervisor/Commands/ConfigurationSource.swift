import Glibc
import KoomyConfig
import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire

/// Ecosystem files, read as koomyd reads them.
struct ConfigurationSource {
    let environment: [String: String]

    /// What a file defines, with notices about what was passed over; or every problem at once.
    func load(_ path: String, only: [String]? = nil) -> Result<Loaded, Refusal> {
        let context = LoadContext(
            currentDirectory: "/",
            homeDirectory: environment["HOME"],
            processorCount: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        )
        do throws(ConfigurationError) {
            let ecosystem = try EcosystemFile.load(path: path, context: context)
            let definitions = ecosystem.apps.map { Definition(spec: $0, file: path) }
            let wanted = definitions.filter { only?.contains($0.spec.name.text) ?? true }
            if let only, let missing = only.first(where: { name in !wanted.contains { $0.spec.name.text == name } }) {
                return .failure(Refusal(.noSuchApp, "\(path) has no app called \(missing)"))
            }
            return .success(Loaded(definitions: wanted, warnings: ecosystem.warnings.map(DiagnosticView.init)))
        } catch {
            let diagnostics = error.diagnostics.map(DiagnosticView.init)
            let count = error.errors.count
            let words = "\(path) has \(count) \(count == 1 ? "problem" : "problems"); nothing was changed"
            return .failure(Refusal(.badConfiguration, words, diagnostics: diagnostics))
        }
    }

    struct Loaded {
        var definitions: [Definition]
        var warnings: [DiagnosticView]
    }
}

/// Why a command is not even begun.
struct Refusal: Error {
    var outcome: KoomyWire.Outcome
    var message: String
    var hint: String?
    var diagnostics: [DiagnosticView]?

    init(_ outcome: KoomyWire.Outcome, _ message: String, hint: String? = nil, diagnostics: [DiagnosticView]? = nil) {
        self.outcome = outcome
        self.message = message
        self.hint = hint
        self.diagnostics = diagnostics
    }

    var view: ErrorView { ErrorView(outcome, message: message, hint: hint, diagnostics: diagnostics) }
}

extension DiagnosticView {
    fileprivate init(_ diagnostic: Diagnostic) {
        self.init(
            file: diagnostic.file,
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message,
            hint: diagnostic.hint,
            severity: diagnostic.severity.rawValue
        )
    }
}
