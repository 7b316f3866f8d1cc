internal import Glibc

/// A temporary folder with a path short enough for Unix sockets in it.
package struct Workspace: Sendable {
    package let path: String

    /// Makes a folder, calls the body with it, and removes it with all that is in it, whatever happens.
    package static func with<Result>(_ body: (Workspace) throws -> Result) throws -> Result {
        let workspace = try Workspace()
        defer { Files.remove(workspace.path) }
        return try body(workspace)
    }

    /// Whoever makes one by hand has to remove it.
    package init() throws {
        // Not TMPDIR: it may be long, and sun_path has 108 bytes (unix(7)).
        var template = Array("/tmp/kt.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Files.Failure(description: "cannot make a folder in /tmp") }
        path = String(cString: made)
        // Workers that run as another user have to reach what is in it.
        guard chmod(path, 0o755) == 0 else { throw Files.Failure(description: "cannot open \(path) to others") }
    }

    /// The path of something in it.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in it and returns the file's path; folders on the way are made.
    @discardableResult
    package func write(_ text: String, to name: String, executable: Bool = false) throws -> String {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/\(part)"
            try Files.makeFolder(folder)
        }
        try Files.write(text, to: self(name), mode: executable ? 0o755 : 0o644)
        return self(name)
    }
}
