import CYAML
import Glibc

/// The bytes of a regular file.
enum FileContents {
    /// Far above any real file; a wrong path should not fill the memory.
    static let sizeLimit = 4 << 20

    static func read(path: String) throws(ConfigurationError) -> [UInt8] {
        var isRegular: Int32 = 0
        var isDirectory: Int32 = 0
        let descriptor = koomy_config_open(path, &isRegular, &isDirectory)
        guard descriptor >= 0 else { throw failure(path, "cannot open the file: \(reason(descriptor))") }
        defer { koomy_config_close(descriptor) }
        guard isDirectory == 0 else {
            throw failure(path, "this is a directory", hint: "name the ecosystem file in it")
        }
        guard isRegular != 0 else {
            throw failure(path, "not a regular file", hint: "save the text in a file and name that")
        }

        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = koomy_config_read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw failure(path, "cannot read the file: \(reason(Int32(count)))") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= sizeLimit else { throw tooLarge(path) }
        }
    }

    /// Whether a file of any kind stands at the path.
    static func exists(atPath path: String) -> Bool { koomy_config_exists(path) != 0 }

    static func tooLarge(_ path: String) -> ConfigurationError {
        failure(path, "the file is larger than \(sizeLimit >> 20) MiB", hint: "is it an ecosystem file?")
    }

    private static func failure(_ path: String, _ message: String, hint: String? = nil) -> ConfigurationError {
        ConfigurationError([Diagnostic(file: path, message: message, hint: hint)])
    }

    private static func reason(_ negatedErrno: Int32) -> String { String(cString: strerror(-negatedErrno)) }
}
