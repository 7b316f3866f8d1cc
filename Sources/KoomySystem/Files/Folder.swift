import CKoomyLinux
import Glibc

/// Makes and checks folders.
package enum Folder {
    /// Makes a folder, and those above it, unless it is there; checks that it is a folder of that user into which no
    /// other may write.
    ///
    /// Where it is strict, a symbolic link is refused and the folder may not be open to others at all.
    package static func make(
        _ path: String,
        mode: UInt32,
        ownedBy userID: UInt32,
        isStrict: Bool = false
    ) throws(SystemError) {
        var result = koomy_mkdir(path, mode)
        if result == -ENOENT, let end = path.lastIndex(of: "/"), end != path.startIndex {
            try makeParents(String(path[..<end]))
            result = koomy_mkdir(path, mode)
        }
        if result != -EEXIST { try check(result, "create the folder", path) }
        if result == 0 { try check(koomy_change_mode(path, mode), "chmod", path) }

        var status = koomy_file_status()
        try check(koomy_status_at(path, isStrict ? 0 : 1, &status), "stat", path)
        guard status.mode & S_IFMT == S_IFDIR else {
            throw SystemError("use the folder", .notDirectory, subject: path, hint: "remove it, or set KOOMY_HOME")
        }
        guard status.uid == userID else {
            let hint = "it belongs to user \(status.uid), not to \(userID)"
            throw SystemError("use the folder", .notPermitted, subject: path, hint: hint)
        }
        let forbidden: UInt32 = isStrict ? 0o077 : 0o022
        guard status.mode & forbidden == 0 else {
            let hint = "others may write to it: chmod \(String(mode, radix: 8)) \(path)"
            throw SystemError("use the folder", .notPermitted, subject: path, hint: hint)
        }
    }

    /// The names in a folder, in no order.
    package static func names(in path: String) throws(SystemError) -> [String] {
        var names: [String] = []
        let result = withUnsafeMutablePointer(to: &names) { names in
            koomy_list_directory(
                path,
                { name, context in
                    guard let name, let context else { return 1 }
                    context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
                    return 0
                },
                names
            )
        }
        try check(result, "list", path)
        return names
    }

    private static func makeParents(_ path: String) throws(SystemError) {
        let result = koomy_mkdir(path, 0o755)
        if result == -ENOENT, let end = path.lastIndex(of: "/"), end != path.startIndex {
            try makeParents(String(path[..<end]))
            try check(koomy_mkdir(path, 0o755), "create the folder", path)
        } else if result != -EEXIST {
            try check(result, "create the folder", path)
        }
    }
}
