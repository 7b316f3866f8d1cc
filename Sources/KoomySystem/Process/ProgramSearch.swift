import CKoomyLinux
import Glibc

/// Finds the file of a program.
package enum ProgramSearch {
    /// Where a shell would look without PATH.
    package static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The absolute path of a program; symbolic links in it are left to the start.
    ///
    /// A name with a slash is relative to `directory`; one without is looked for there first, then on `path`. Throws
    /// ENOENT where there is nothing of that name, EISDIR for a directory, EACCES where it may not be run.
    package static func find(_ program: String, in directory: String, path: String?) throws(SystemError) -> String {
        guard !program.isEmpty else { throw SystemError("find program", .noSuchFile, subject: "\"\"") }
        if program.utf8.contains(UInt8(ascii: "/")) {
            let file = program.hasPrefix("/") ? program : join(directory, program)
            if let errno = obstacle(at: file) { throw error(errno, file) }
            return file
        }
        // The first file of the name that cannot be run explains more than that none was found.
        var refused: (errno: Errno, file: String)?
        let folders = [Substring(directory)] + (path ?? defaultPath).split(separator: ":")
        for (index, folder) in folders.enumerated() {
            let file = join(folder.hasPrefix("/") ? String(folder) : join(directory, String(folder)), program)
            guard let errno = obstacle(at: file) else { return file }
            // A folder of that name beside the program is common (`node`), and no reason to stop.
            if errno == .noSuchFile || errno == .notDirectory || (errno == .isDirectory && index > 0) { continue }
            if refused == nil { refused = (errno, file) }
        }
        if let refused { throw error(refused.errno, refused.file) }
        throw SystemError(
            "find program",
            .noSuchFile,
            subject: program,
            hint: "neither in \(directory) nor on PATH \(path ?? defaultPath)"
        )
    }

    /// The path of a script that an interpreter is to read: it need not be executable.
    package static func findScript(_ script: String, in directory: String) throws(SystemError) -> String {
        let file = script.hasPrefix("/") ? script : join(directory, script)
        var status = koomy_file_status()
        try check(koomy_status_at(file, 1, &status), "find script", file)
        return file
    }

    private static func error(_ errno: Errno, _ file: String) -> SystemError {
        let hint: String? =
            switch errno {
            case .permissionDenied: "chmod +x, or name an interpreter"
            case .isDirectory: "it is a directory"
            default: nil
            }
        return SystemError("find program", errno, subject: file, hint: hint)
    }

    /// Why a file cannot be run; nil where it can.
    ///
    /// Whether the worker's own user may run it, execve(2) says.
    private static func obstacle(at file: String) -> Errno? {
        var status = koomy_file_status()
        let result = koomy_status_at(file, 1, &status)
        guard result == 0 else { return Errno(-result) }
        switch status.mode & S_IFMT {
        case S_IFDIR: return .isDirectory
        case S_IFREG: break
        default: return .permissionDenied
        }
        let access = koomy_access(file, X_OK)
        return access == 0 ? nil : Errno(-access)
    }

    private static func join(_ directory: String, _ name: String) -> String {
        let relative = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
        return directory.hasSuffix("/") ? directory + relative : "\(directory)/\(relative)"
    }
}
