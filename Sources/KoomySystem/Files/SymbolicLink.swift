import CKoomyLinux

/// Symbolic links.
package enum SymbolicLink {
    /// What a link says, which need not exist; nil where there is no link at the path.
    package static func target(of path: String) -> String? { text { koomy_read_link(path, $0, $1) } }

    /// The absolute path of what a path leads to, without any link in it; nil where nothing is there.
    package static func resolve(_ path: String) -> String? { text { koomy_real_path(path, $0, $1) } }

    /// Has a link lead somewhere else, from one instant to the next for all who follow it, and durable when it returns.
    package static func point(_ path: String, at target: String) throws(SystemError) {
        let temporary = "\(path).\(ThisProcess.id)~"
        _ = koomy_unlink(temporary)
        try check(koomy_symlink(target, temporary), "make a link", temporary)
        do throws(SystemError) {
            try AtomicFile.rename(temporary, to: path)
        } catch {
            _ = koomy_unlink(temporary)
            throw error
        }
        try AtomicFile.syncFolder(of: path)
    }

    private static func text(_ read: (UnsafeMutablePointer<CChar>, Int) -> Int) -> String? {
        var length = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 4_097) { buffer, count in
            length = buffer.withMemoryRebound(to: CChar.self) { buffer in
                buffer.baseAddress.map { read($0, buffer.count) } ?? -1
            }
            count = max(0, length)
        }
        return length < 0 ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
