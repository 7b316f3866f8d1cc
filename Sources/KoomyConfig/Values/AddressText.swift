import Glibc
import KoomyModel

/// Reads the address of a listener as people write it.
enum AddressText {
    private static let examples = #"5000, "127.0.0.1:5000", "[::1]:5000", "tcp://*:5000" or "unix:/run/app.sock""#

    /// A TCP address, or the path of a Unix socket as it was written.
    static func parse(_ text: String) throws(ValueProblem) -> ListenAddress {
        if let path = rest(of: text, after: "unix://") ?? rest(of: text, after: "unix:") {
            guard !path.isEmpty else {
                throw ValueProblem(message: "the socket has no path", hint: "unix:/run/app.sock")
            }
            return .unix(path: path)
        }
        guard !text.hasPrefix("/"), !text.hasPrefix("./"), !text.hasPrefix("~/") else {
            throw ValueProblem(message: "\"\(text)\" is a path, not an address", hint: "a Unix socket is unix:\(text)")
        }
        let address = rest(of: text, after: "tcp://") ?? text
        guard !address.contains("://") else {
            throw ValueProblem(message: "\"\(text)\" is not an address", hint: "for example \(examples)")
        }
        if address.utf8.allSatisfy(ASCII.isDigit), !address.isEmpty { return .tcp(host: "*", port: try port(address)) }
        guard let colon = address.lastIndex(of: ":") else {
            throw ValueProblem(message: "\"\(text)\" has no port", hint: "for example \(examples)")
        }
        let port = try port(String(address[address.index(after: colon)...]))
        return .tcp(host: try host(String(address[..<colon]), brackets: true), port: port)
    }

    /// A literal address, a name to look up, or `*`.
    static func host(_ text: String, brackets: Bool) throws(ValueProblem) -> String {
        if text.isEmpty || text == "*" { return "*" }
        if text.hasPrefix("["), text.hasSuffix("]") { return try version6(String(text.dropFirst().dropLast())) }
        if text.contains(":") {
            guard !brackets else {
                throw ValueProblem(
                    message: "an IPv6 address with a port stands in brackets",
                    hint: #"for example "[::1]:5000""#
                )
            }
            return try version6(text)
        }
        if text.utf8.allSatisfy({ ASCII.isDigit($0) || $0 == UInt8(ascii: ".") }) {
            var address = in_addr()
            guard inet_pton(AF_INET, text, &address) == 1 else {
                throw ValueProblem(message: "\"\(text)\" is not an IPv4 address", hint: "for example 127.0.0.1")
            }
            return text
        }
        guard text.utf8.count <= 253, text.utf8.allSatisfy({ ASCII.isAlphanumeric($0) || "-._".utf8.contains($0) })
        else {
            throw ValueProblem(message: "\"\(text)\" is not a host", hint: "an address, a name, or * for every address")
        }
        return text
    }

    private static func version6(_ text: String) throws(ValueProblem) -> String {
        var address = in6_addr()
        // A link-local address names its interface after a %, which inet_pton(3) does not take.
        let literal = String(text.prefix { $0 != "%" })
        guard inet_pton(AF_INET6, literal, &address) == 1 else {
            throw ValueProblem(message: "\"\(text)\" is not an IPv6 address", hint: #"for example "[::1]:5000""#)
        }
        return text
    }

    private static func port(_ text: String) throws(ValueProblem) -> UInt16 {
        guard text.utf8.allSatisfy(ASCII.isDigit), let port = UInt16(text) else {
            throw ValueProblem(
                message: "\"\(text)\" is not a port",
                hint: "1 to 65535, or 0 for one that the kernel chooses"
            )
        }
        return port
    }

    private static func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }
}

extension ListenAddress {
    /// Whether the kernel lets only one of the two be bound, as far as can be told without looking names up.
    func excludes(_ other: ListenAddress) -> Bool {
        switch (self, other) {
        case (.unix(let left), .unix(let right)): return left == right
        case (.unix, .tcp), (.tcp, .unix): return false
        case (.tcp(let left, let leftPort), .tcp(let right, let rightPort)):
            guard leftPort == rightPort, leftPort != 0 else { return false }
            let hosts = [left, right]
            if left == right || hosts.contains("*") { return true }
            let areVersion6 = hosts.map { $0.contains(":") }
            return hosts.contains("0.0.0.0") && !areVersion6.contains(true)
                || hosts.contains("::") && areVersion6 == [true, true]
        }
    }
}
