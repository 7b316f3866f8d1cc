package import KoomyModel

/// What an ecosystem file asks for.
package struct Ecosystem: Hashable, Sendable {
    /// In the order of the file; at least one; their names differ.
    package var apps: [AppSpec]
    package var warnings: [Diagnostic]
}

/// Reads ecosystem files, YAML or JSON.
package enum EcosystemFile {
    /// Reads the file at `path`; throws every problem of the file at once.
    ///
    /// Where `source` is given, that is read in its place: the same file by another path.
    package static func load(
        path: String,
        from source: String? = nil,
        context: LoadContext
    ) throws(ConfigurationError) -> Ecosystem {
        try SourceFormat.refuseJavaScript(named: path)
        return try parse(bytes: FileContents.read(path: source ?? path), name: path, context: context)
    }

    /// Reads the text of a file; throws every problem of the text at once.
    ///
    /// `name` is what diagnostics call it. Its extension tells JSON from YAML (where it has none, the text does), and its
    /// folder is where relative paths start.
    package static func parse(
        bytes: [UInt8],
        name: String,
        context: LoadContext
    ) throws(ConfigurationError) -> Ecosystem {
        try SourceFormat.refuseJavaScript(named: name)
        let source = try SourceText(bytes: bytes, name: name)
        let report = Report(source: source)
        let paths = PathResolver(file: name, context: context)
        let apps: [AppSpec]
        do {
            let root = try Composer.compose(source, format: SourceFormat(of: source), report: report)
            apps = EcosystemReader(report: report, context: context, paths: paths).read(root)
        } catch {
            report.error(at: error.place, error.message, hint: error.hint)
            apps = []
        }
        guard !report.hasErrors else { throw ConfigurationError(report.sorted) }
        return Ecosystem(apps: apps, warnings: report.sorted)
    }
}
