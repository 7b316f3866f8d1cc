import CKoomyLinux
package import KoomyModel

extension ListeningSocket {
    /// Whether a socket that is open already listens where a listener with this address would.
    ///
    /// A port that the kernel is to choose is no place yet.
    package static func listens(_ socket: Int32, at address: ListenAddress) -> Bool {
        guard koomy_is_listening(socket) == 1, let local = try? SocketAddress.local(of: socket) else { return false }
        switch address {
        case .unix: return local.listenAddress == address
        case .tcp(_, 0): return false
        case .tcp(let host, let port):
            // The port first: looking up a host's name may take long.
            guard !local.isUnix, local.port == port else { return false }
            let wanted = (try? SocketAddress.resolveForListening(host: host, port: port)) ?? []
            return wanted.contains { $0.listenAddress == local.listenAddress }
        }
    }
}
