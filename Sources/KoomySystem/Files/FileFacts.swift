import CKoomyLinux
import Glibc
package import KoomyModel

/// What can be known of a file by its path; a symbolic link stands for itself (lstat(2)).
package struct FileFacts: Hashable, Sendable {
    package var identity: FileIdentity
    package var isRegular: Bool
    package var size: UInt64
    /// When it was last written to.
    package var modified: WallTime
    package var owner: FileOwner

    /// nil where nothing is there.
    package init?(at path: String) {
        var status = koomy_file_status()
        guard koomy_status_at(path, 0, &status) == 0 else { return nil }
        identity = FileIdentity(device: status.device, inode: status.inode)
        isRegular = status.mode & S_IFMT == S_IFREG
        size = UInt64(clamping: status.size)
        modified = WallTime(
            nanoseconds: Int64(status.modified_seconds) * 1_000_000_000 + Int64(status.modified_nanoseconds)
        )
        owner = FileOwner(userID: status.uid, groupID: status.gid)
    }
}
