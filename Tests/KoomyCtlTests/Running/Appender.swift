import Glibc
import TestSupport

struct FileProblem: Error {
    var path: String
}

/// Writes to the end of one open file, whatever becomes of its path.
final class Appender {
    private let file: Int32

    init(_ path: String) throws {
        file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileProblem(path: path) }
    }

    deinit { close(file) }

    func write(_ text: String) { _ = text.withCString { Glibc.write(file, $0, strlen($0)) } }
}

extension Files {
    static func rename(_ path: String, to other: String) throws {
        guard Glibc.rename(path, other) == 0 else { throw FileProblem(path: path) }
    }
}
