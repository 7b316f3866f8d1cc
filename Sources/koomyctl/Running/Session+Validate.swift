import Glibc
import KoomyConfig
import KoomyModel
import KoomySystem
import KoomyWire

/// `koomyctl validate`: reads a file as koomyd would, without asking it.
extension Session {
    /// The answer with `--json`.
    private struct Report: Encodable {
        var file: String
        var valid: Bool
        var apps: [String]
        var diagnostics: [DiagnosticView]
    }

    func validate(_ file: String) -> Int32 {
        let context = LoadContext(
            currentDirectory: Environment.workingDirectory(),
            homeDirectory: environment["HOME"],
            processorCount: sysconf(Int32(_SC_NPROCESSORS_ONLN))
        )
        do {
            let ecosystem = try EcosystemFile.load(path: file, context: context)
            let names = ecosystem.apps.map(\.name.text)
            show(ecosystem.warnings, of: file, apps: names)
            if !options.json, !options.quiet {
                let apps = names.joined(separator: ", ")
                Output.print(results.clean("\(file) is valid: \(Quantity.counted(names.count, "app")), \(apps)"))
            }
            return ExitCode.done.rawValue
        } catch {
            show(error.diagnostics, of: file, apps: nil)
            if !options.json {
                let count = Quantity.counted(error.errors.count, "error")
                Output.print(errors.clean("\(file) is not valid: \(count)"), to: .errors)
            }
            return ExitCode.badConfiguration.rawValue
        }
    }

    /// Shows problems; `apps` is nil where the file is wrong.
    private func show(_ diagnostics: [Diagnostic], of file: String, apps: [String]?) {
        if options.json {
            let views = diagnostics.map(DiagnosticView.init)
            Output.printJSON(Report(file: file, valid: apps != nil, apps: apps ?? [], diagnostics: views))
        } else {
            for diagnostic in diagnostics {
                let lines = diagnostic.rendered().split(separator: "\n").map { errors.clean(String($0)) }
                Output.print(lines, to: .errors)
            }
        }
    }
}

extension DiagnosticView {
    init(_ diagnostic: Diagnostic) {
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
