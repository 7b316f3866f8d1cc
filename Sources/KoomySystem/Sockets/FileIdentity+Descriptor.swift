import CKoomyLinux

extension FileIdentity {
    /// The identity of what an open descriptor refers to (fstat(2)); for a socket the inode that /proc names.
    package init?(of descriptor: Int32) {
        var status = koomy_file_status()
        guard koomy_status(descriptor, &status) >= 0 else { return nil }
        (device, inode) = (status.device, status.inode)
    }
}
