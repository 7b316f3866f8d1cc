import CKoomyLinux

/// Which file a path led to at some moment, or a descriptor leads to.
package struct FileIdentity: Hashable, Sendable, Codable {
    package var device: UInt64
    package var inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    /// nil where nothing is there; a symbolic link stands for itself.
    package init?(at path: String) {
        var status = koomy_file_status()
        guard koomy_status_at(path, 0, &status) == 0 else { return nil }
        (device, inode) = (status.device, status.inode)
    }

    /// The identity of what an open descriptor refers to (fstat(2)); for a socket the inode that /proc names.
    package init?(of descriptor: Int32) {
        var status = koomy_file_status()
        guard koomy_status(descriptor, &status) >= 0 else { return nil }
        (device, inode) = (status.device, status.inode)
    }
}
