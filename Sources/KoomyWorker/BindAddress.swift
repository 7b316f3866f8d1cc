/// Where a worker listens when nobody hands it a listener.
public enum BindAddress: Hashable, Sendable {
    /// A literal address or a name; nil is every address, IPv6 and IPv4. Port 0 lets the kernel choose.
    case tcp(host: String?, port: UInt16)
    /// The path of a socket file, at most 107 bytes.
    case unix(path: String)
}

extension BindAddress: CustomStringConvertible {
    /// Reads `tcp://host:port`, `host:port`, `[::1]:port`, `*:port`, a bare port, or `unix:/path`; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let text = String(text)
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/"), path.utf8.count <= 107 else { return nil }
            self = .unix(path: path)
            return
        }
        let rest = text.hasPrefix("tcp://") ? text.dropFirst(6) : text[...]
        guard let colon = rest.lastIndex(of: ":") else {
            guard rest.startIndex == text.startIndex, let port = UInt16(rest) else { return nil }
            self = .tcp(host: nil, port: port)
            return
        }
        var host = rest[..<colon]
        guard let port = UInt16(rest[rest.index(after: colon)...]), !host.isEmpty else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self = .tcp(host: host == "*" ? nil : String(host), port: port)
    }

    /// The address in the form that `init(parsing:)` reads.
    public var description: String {
        switch self {
        case .tcp(nil, let port): "tcp://*:\(port)"
        case .tcp(let host?, let port): "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
