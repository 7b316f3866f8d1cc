import CKoomyLinux
import Glibc

/// Replaces a file as a whole: after a crash or a full disk there is the old one or the new one, never a part.
package enum AtomicFile {
    /// Writes, and returns when it is durable: fsync of a new file, rename(2) over the old one, fsync of the folder.
    ///
    /// Two writers of one path must not be at work at the same time; what a crash left of a write is written over.
    package static func write(_ bytes: some Sequence<UInt8>, to path: String, mode: UInt32 = 0o600) throws(SystemError)
    {
        let temporary = path + ".new"
        do throws(SystemError) {
            // The file of an earlier, dead writer may have another mode or be a link.
            let leftover = koomy_unlink(temporary)
            if leftover != -ENOENT { try check(leftover, "remove", temporary) }
            let flags = O_WRONLY | O_CREAT | O_EXCL
            let file = FileDescriptor(owning: try check(koomy_open(temporary, flags, mode), "create", temporary))
            // The umask had its say in open.
            try check(koomy_change_mode_of(file.number, mode), "chmod", temporary)
            try file.writeAll(bytes)
            try check(koomy_fsync(file.number), "fsync", temporary)
            try file.close()
            try check(koomy_rename(temporary, path), "rename", path)
        } catch {
            _ = koomy_unlink(temporary)
            throw SystemError(error.operation, error.errno, subject: error.subject ?? temporary)
        }
        try syncFolder(of: path)
    }

    /// Makes a rename or removal in a path's folder durable.
    package static func syncFolder(of path: String) throws(SystemError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let number = try check(koomy_open(folder, O_RDONLY | O_DIRECTORY, 0), "open", folder)
        let directory = FileDescriptor(owning: number)
        try check(koomy_fsync(directory.number), "fsync", folder)
    }

    /// Removes a file for good; one that is not there is no error.
    package static func remove(_ path: String) throws(SystemError) {
        let result = koomy_unlink(path)
        if result == -ENOENT { return }
        try check(result, "remove", path)
        try syncFolder(of: path)
    }

    /// Removes a file for all who look from now on; not yet for those who look after a loss of power.
    package static func unlink(_ path: String) throws(SystemError) { try check(koomy_unlink(path), "remove", path) }

    /// Puts a file in another's place, for all who look from now on; not yet for those who look after a loss of power.
    package static func rename(_ path: String, to newPath: String) throws(SystemError) {
        try check(koomy_rename(path, newPath), "rename", path)
    }

    /// Gives a file another name; throws EEXIST where something has it already (renameat2(2), RENAME_NOREPLACE).
    package static func renameToNew(_ path: String, _ newPath: String) throws(SystemError) {
        try check(koomy_rename_new(path, newPath), "rename", path)
    }

    /// Moves a file out of the way, as one that cannot be read.
    package static func setAside(_ path: String, as newPath: String) throws(SystemError) {
        try check(koomy_rename(path, newPath), "rename", path)
        try syncFolder(of: path)
    }
}
