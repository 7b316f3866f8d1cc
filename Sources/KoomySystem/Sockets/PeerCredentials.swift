import CKoomyLinux

/// Who is at the other end of a Unix socket, as the kernel vouches for it.
package struct PeerCredentials: Hashable, Sendable {
    /// 0 for a process that this pid namespace does not show.
    package var pid: ProcessID
    package var userID: UInt32
    package var groupID: UInt32

    init(_ kernel: koomy_credentials) {
        pid = kernel.pid
        userID = kernel.uid
        groupID = kernel.gid
    }

    /// Who connected a stream socket, with the rights it had at that moment (SO_PEERCRED of unix(7)).
    package init(of socket: Int32) throws(SystemError) {
        var kernel = koomy_credentials()
        try check(koomy_peer_credentials(socket, &kernel), "get SO_PEERCRED")
        self.init(kernel)
    }
}

extension Pidfd {
    /// The process that connected a stream socket, safe against reuse of its number.
    ///
    /// nil before Linux 6.5, or where it is gone.
    package static func peer(of socket: Int32, pid: ProcessID) -> Pidfd? {
        let number = koomy_peer_pidfd(socket)
        return number < 0 ? nil : Pidfd(pid: pid, owning: FileDescriptor(owning: number))
    }
}
