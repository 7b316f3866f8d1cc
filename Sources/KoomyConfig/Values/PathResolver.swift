/// Makes the paths of a file absolute.
///
/// `..` is taken out by its spelling, as a shell's `cd` and PM2 do it, not by following symbolic links: a path through
/// a link such as `current` stays one, and is followed anew at each start.
struct PathResolver: Hashable, Sendable {
    /// The folder of the ecosystem file.
    let folder: String
    private let home: String?

    init(file: String, context: LoadContext) {
        home = context.homeDirectory
        let absolute = Self.join(context.currentDirectory, file)
        folder = Self.parent(of: absolute)
    }

    /// The absolute form of a path that starts at `base`, or with `~/` at home; nil where there is no home.
    func absolute(_ path: String, from base: String) -> String? {
        guard path == "~" || path.hasPrefix("~/") else { return Self.join(base, path) }
        return home.map { Self.join($0, "./" + path.dropFirst(2)) }
    }

    /// `path` seen from `base`, without `.`, `..` and double slashes.
    static func join(_ base: String, _ path: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : base + "/" + path).split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    static func baseName(of path: String) -> String { String(path.split(separator: "/").last ?? "") }

    static func parent(of path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    /// In lower case, without its dot; empty where there is none.
    static func fileExtension(of path: String) -> String {
        let name = baseName(of: path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }
}
