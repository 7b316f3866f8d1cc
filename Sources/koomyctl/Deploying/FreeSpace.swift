import Glibc
import KoomySystem
import KoomyWire

/// Whether a disk has room for a release.
enum FreeSpace {
    /// What a build and the file system itself need beside the code.
    private static let reserve: UInt64 = 16 << 20

    /// Throws where a release of so many bytes does not fit.
    static func check(_ size: UInt64, in folder: String) throws(DeployFailure) {
        var status = statvfs()
        // A file system that does not tell is tried.
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return }
        try check(size, free: UInt64(status.f_bavail) * UInt64(status.f_frsize), in: folder)
    }

    static func check(_ size: UInt64, free: UInt64, in folder: String) throws(DeployFailure) {
        guard size > free || free - size < reserve else { return }
        throw DeployFailure(
            .cannotSave,
            "the release takes \(Quantity.bytes(size)), and \(folder) has room for \(Quantity.bytes(free))",
            hint: "free some space, or lower \"keep\" in the app's deploy block"
        )
    }
}
