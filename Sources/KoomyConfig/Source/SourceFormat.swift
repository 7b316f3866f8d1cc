/// The language of a file.
enum SourceFormat: Hashable, Sendable {
    case yaml
    case json

    /// The name decides; where its extension says nothing, a text that begins as JSON does is JSON.
    init(of source: SourceText) {
        switch PathResolver.fileExtension(of: source.name) {
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        default:
            // A slash begins a comment; as YAML the whole file would be one text.
            let first = source.bytes.first { !ASCII.isSpace($0) } ?? 0
            self = "{[/".utf8.contains(first) ? .json : .yaml
        }
    }

    /// PM2's `ecosystem.config.js` is a program; it has to be run to know what it says.
    static func refuseJavaScript(named path: String) throws(ConfigurationError) {
        let suffix = PathResolver.fileExtension(of: path)
        guard ["js", "cjs", "mjs"].contains(suffix) else { return }
        let name = PathResolver.baseName(of: path)
        let target = ShellWords.quoted(name.dropLast(suffix.count) + "json")
        let file = CompactJSON.string("./" + name)
        let program =
            suffix == "mjs"
            ? "import c from \(file); console.log(JSON.stringify(c, null, 2))"
            : "console.log(JSON.stringify(require(\(file)), null, 2))"
        let mode = suffix == "mjs" ? "--input-type=module " : ""
        throw ConfigurationError([
            Diagnostic(
                file: path,
                message: "JavaScript files are not read yet, only YAML and JSON",
                hint: "print it as JSON once, in its folder: node \(mode)-e \(ShellWords.quoted(program)) > \(target)"
            )
        ])
    }
}
