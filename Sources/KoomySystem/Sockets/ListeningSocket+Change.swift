import CKoomyLinux
package import KoomyModel

extension ListeningSocket {
    /// Gives an open socket another accept queue, access mode or owner.
    package borrowing func apply(_ spec: ListenerSpec) throws(SystemError) {
        try check(koomy_listen(descriptor.number, spec.backlog), "listen", spec.address.description)
        guard case .unix(let path) = address else { return }
        let owner = try UnixSocketFile.Owner(spec)
        if owner.isGiven { try check(koomy_change_owner(path, owner.userID, owner.groupID), "chown", path) }
        if let mode = spec.mode { try check(koomy_change_mode(path, mode), "chmod", path) }
    }
}
