import KoomyModel
import KoomySystem

/// Where one probe of one worker goes.
nonisolated struct ProbeAddress {
    /// To be tried in this order.
    let addresses: [SocketAddress]
    /// What the Host header says.
    let host: String

    init(_ target: Probe.Target, of subject: ProbeRunner.Subject) throws(ProbeFailure) {
        switch target {
        case .privateSocket:
            guard let address = subject.privateAddress else { throw ProbeFailure("the worker has no private socket") }
            try self.init(address)
        case .port(let port, let perSlot):
            let number = Int(port) + (perSlot ? subject.slot : 0)
            guard let port = UInt16(exactly: number), port > 0 else { throw ProbeFailure("there is no port \(number)") }
            try self.init(.tcp(host: "*", port: port))
        case .listener(let name):
            guard let address = subject.listeners.first(where: { $0.name == name })?.address else {
                throw ProbeFailure("the worker has no listener \(name)")
            }
            try self.init(address)
        case .unix(let path):
            try self.init(.unix(path: Self.replacingSlot(in: path, by: subject.slot)))
        }
    }

    /// Only of literal addresses: to look up a name may take seconds.
    private init(_ address: ListenAddress) throws(ProbeFailure) {
        do throws(SystemError) {
            switch address {
            case .unix:
                addresses = try SocketAddress.resolve(address)
                host = "localhost"
            case .tcp("*", let port), .tcp("0.0.0.0", let port), .tcp("::", let port), .tcp("localhost", let port):
                // Programs that listen on "localhost" may do so with IPv6 alone.
                addresses =
                    [try .loopback(port: port)]
                    + ((try? SocketAddress.resolve(.tcp(host: "::1", port: port))) ?? [])
                host = "127.0.0.1:\(port)"
            case .tcp(let name, let port):
                guard name.utf8.allSatisfy(Self.isOfLiteralAddress) else {
                    throw SystemError("probe", .addressNotAvailable, subject: name)
                }
                addresses = try SocketAddress.resolve(address)
                host = name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
            }
        } catch {
            throw ProbeFailure(error)
        }
    }

    private static func isOfLiteralAddress(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func replacingSlot(in path: String, by slot: Int) -> String {
        var rest = path[...]
        var result = ""
        while let range = rest.firstRange(of: "{slot}") {
            result += rest[..<range.lowerBound] + "\(slot)"
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
