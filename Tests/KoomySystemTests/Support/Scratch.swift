import Glibc
import KoomySystem

/// A folder of one test's own, removed with all that is in it.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/koomy-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", .permissionDenied) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit { Scratch.remove(path) }

    /// A path in the folder.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    @discardableResult
    func file(_ name: String, _ text: String = "", mode: mode_t = 0o644) throws -> String {
        let path = self(name)
        try AtomicFile.write(text.utf8, to: path, mode: UInt32(mode))
        return path
    }

    func folder(_ name: String) -> String {
        mkdir(self(name), 0o755)
        return self(name)
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? Folder.names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
