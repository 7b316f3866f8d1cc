/// What a word after `start` or `reload` means.
enum StartWord: Equatable {
    /// As it was typed.
    case file(String)
    case app(String)
    /// An app and a file have this name.
    case either(String)

    private static let extensions = [".json", ".yaml", ".yml", ".js", ".cjs"]

    /// - Parameters:
    ///   - word: As it was typed.
    ///   - isFile: Whether a regular file has this name.
    ///   - isApp: Whether the daemon knows an app of this name; asked only where that matters.
    init(_ word: String, isFile: Bool, isApp: () -> Bool) {
        guard !word.contains("/") else {
            self = .file(word)
            return
        }
        guard isFile || Self.extensions.contains(where: word.hasSuffix) else {
            self = .app(word)
            return
        }
        self = isApp() ? (isFile ? .either(word) : .app(word)) : .file(word)
    }

    /// The path in full, without `.` in it; `..` stays, for a symbolic link may stand before it.
    static func absolutePath(of path: String, from directory: String) -> String {
        let joined = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + joined.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
