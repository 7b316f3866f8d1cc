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
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - release: The release that is meant where its path goes through the link.
    ///   - only: The apps of it that are meant; all of them where nil.
    /// - Returns: What it defines, or why nothing is done.
    func load(_ path: String, in release: Release? = nil, only: [String]? = nil) -> Result<Loaded, Refusal> {
        let context = LoadContext(
            currentDirectory: "/",
            homeDirectory: environment["HOME"],
            processorCount: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        )
        do throws(ConfigurationError) {
            var (path, ecosystem) = (
                path, try EcosystemFile.load(path: path, from: release?.locate(path), context: context)
            )
            if let logical = ecosystem.apps.lazy.compactMap({ $0.logicalPath(of: path) }).first {
                // The file is found in each release anew, and so is what it names.
                ecosystem = try EcosystemFile.load(path: logical, from: path, context: context)
                path = logical
            }
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

extension AppSpec {
    /// A file in one of the app's releases, as it is reached by the link; nil for any other file.
    fileprivate func logicalPath(of path: String) -> String? {
        guard let deploy, path.hasPrefix(deploy.releases + "/") else { return nil }
        let rest = path.dropFirst(deploy.releases.count + 1)
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        return deploy.link + rest[slash...]
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
