/// Where a listener listens.
package enum ListenAddress: Hashable, Sendable, Codable {
    /// `host` is a literal address, a name to look up, or `*` for every IPv4 and IPv6 address; port 0 lets the kernel choose.
    case tcp(host: String, port: UInt16)
    /// An absolute path of at most 107 bytes.
    case unix(path: String)
}

extension ListenAddress: CustomStringConvertible {
    /// As it is written in a file: `tcp://127.0.0.1:5000`, `tcp://[::1]:5000`, `unix:/run/app.sock`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// One listening socket of an app, or one a slot where `reuseport` is asked for.
package struct ListenerSpec: Hashable, Sendable, Codable {
    /// Unique in the app; what LISTEN_FDNAMES and `{fd:name}` call it.
    ///
    /// No colon, at most 255 bytes.
    package var name: String
    package var address: ListenAddress
    /// Length of the accept queue; the kernel cuts it to net.core.somaxconn.
    package var backlog: Int32
    /// One socket for each slot with SO_REUSEPORT, held by koomyd across generations.
    package var reusePort: Bool
    /// Whether workers get it with O_NONBLOCK set.
    ///
    /// The flag belongs to the open socket, not to a process.
    package var nonblocking: Bool
    /// Access mode of a Unix socket's file.
    package var mode: UInt32?
    /// Owner and group of a Unix socket's file, by name or number.
    package var user: String?
    package var group: String?

    package init(
        name: String,
        address: ListenAddress,
        backlog: Int32 = 4096,
        reusePort: Bool = false,
        nonblocking: Bool = false,
        mode: UInt32? = nil,
        user: String? = nil,
        group: String? = nil
    ) {
        self.name = name
        self.address = address
        self.backlog = backlog
        self.reusePort = reusePort
        self.nonblocking = nonblocking
        self.mode = mode
        self.user = user
        self.group = group
    }
}

extension ListenerSpec {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(name: try values.read(.name), address: try values.read(.address))
        try values.read(.backlog, into: &backlog)
        try values.read(.reusePort, into: &reusePort)
        try values.read(.nonblocking, into: &nonblocking)
        try values.read(.mode, into: &mode)
        try values.read(.user, into: &user)
        try values.read(.group, into: &group)
    }
}
