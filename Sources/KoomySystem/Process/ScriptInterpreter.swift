import CKoomyLinux

/// The program that a script's first line names (execve(2), "Interpreter scripts").
package enum ScriptInterpreter {
    /// `/usr/bin/env` for `#!/usr/bin/env node`; nil for a file that is no script or cannot be read.
    package static func named(in path: String) -> String? {
        // The kernel looks at no more than this, BINPRM_BUF_SIZE.
        let room = 256
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = max(0, koomy_read_file(path, buffer.baseAddress, room))
        }
        guard bytes.starts(with: "#!".utf8) else { return nil }
        let line = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        let word = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
