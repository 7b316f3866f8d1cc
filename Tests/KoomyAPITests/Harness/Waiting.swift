import Glibc
import KoomyWorker

/// What a test waited for did not come in time.
struct TimedOut: Error, CustomStringConvertible {
    var description: String
}

/// Looks again and again until there is a value; throws when the time is over.
func eventually<Value>(
    _ what: String,
    within limit: Duration = .seconds(15),
    _ look: () throws -> Value?
) throws -> Value {
    let deadline = MonotonicTime.now() + limit
    while true {
        if let value = try look() { return value }
        guard MonotonicTime.now() < deadline else { throw TimedOut(description: "waited \(limit) for \(what)") }
        poll(nil, 0, 2)
    }
}

/// A new folder that is gone with the value.
final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/koomy-api-tests.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TimedOut(description: "mkdtemp: \(errno)") }
        path = String(cString: made)
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(folder)
        rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// The bytes of a file; empty where there is none.
func contents(of path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
