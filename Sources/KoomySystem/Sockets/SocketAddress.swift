import CKoomyLinux
import Glibc
package import KoomyModel

/// An address in the kernel's form.
package struct SocketAddress: Sendable {
    var kernel: koomy_address

    /// The addresses to connect to, in the resolver's order.
    ///
    /// A host name is looked up, which may take seconds; literal addresses and Unix paths never wait.
    package static func resolve(_ address: ListenAddress) throws(SystemError) -> [SocketAddress] {
        switch address {
        case .unix(let path): [try unix(path)]
        case .tcp("*", let port): try lookUp(host: nil, port: port, isPassive: false)
        case .tcp(let host, let port): try lookUp(host: host, port: port, isPassive: false)
        }
    }

    /// The addresses to listen on; those after the first are for when one cannot be had.
    static func resolveForListening(host: String, port: UInt16) throws(SystemError) -> [SocketAddress] {
        guard host == "*" || host.isEmpty else { return try lookUp(host: host, port: port, isPassive: true) }
        return [any(AF_INET6, port), any(AF_INET, port)]
    }

    package static func unix(_ path: String) throws(SystemError) -> SocketAddress {
        var address = koomy_address()
        guard !path.utf8.contains(0) else { throw SystemError("unix socket", .invalidArgument, subject: path) }
        do throws(SystemError) {
            try check(koomy_address_unix(path, &address), "unix socket", path)
        } catch  where error.errno == .nameTooLong {
            throw error.withHint("a socket's path has at most 107 bytes, this one \(path.utf8.count)")
        }
        return SocketAddress(kernel: address)
    }

    /// The loopback address 127.0.0.1.
    package static func loopback(port: UInt16) throws(SystemError) -> SocketAddress {
        try lookUp(host: "127.0.0.1", port: port, isPassive: false)[0]
    }

    /// What a socket is bound to.
    package static func local(of socket: Int32) throws(SystemError) -> SocketAddress {
        var address = koomy_address()
        try check(koomy_local_address(socket, &address), "getsockname")
        return SocketAddress(kernel: address)
    }

    package var isUnix: Bool { family == AF_UNIX }

    package var port: UInt16 {
        withUnsafePointer(to: kernel) { UInt16(truncatingIfNeeded: koomy_address_port($0)) }
    }

    /// The address in the form that a specification has it in.
    package var listenAddress: ListenAddress { isUnix ? .unix(path: text) : .tcp(host: text, port: port) }

    var family: Int32 { withUnsafePointer(to: kernel) { koomy_address_family($0) } }

    /// The host in digits, or the path.
    private var text: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            let length = withUnsafePointer(to: kernel) { koomy_address_text($0, buffer.baseAddress, buffer.count) }
            guard length >= 0 else { return "" }
            return String(decoding: buffer[..<Int(length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func any(_ family: Int32, _ port: UInt16) -> SocketAddress {
        var address = koomy_address()
        koomy_address_any(family, port, &address)
        return SocketAddress(kernel: address)
    }

    private static func lookUp(host: String?, port: UInt16, isPassive: Bool) throws(SystemError) -> [SocketAddress] {
        var found = [koomy_address](repeating: koomy_address(), count: 16)
        let count = koomy_address_lookup(host, port, isPassive ? 1 : 0, &found, Int32(found.count))
        try check(count, "look up host", host)
        guard count > 0 else { throw SystemError("look up host", .noSuchFile, subject: host) }
        return found.prefix(Int(count)).map(SocketAddress.init(kernel:))
    }
}
