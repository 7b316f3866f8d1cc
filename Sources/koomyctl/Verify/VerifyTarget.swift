import KoomyModel
import KoomySystem
import KoomyWire

/// Where requests go: the listeners of an app on this machine, and a path.
struct VerifyTarget {
    /// Why an app cannot be verified from here.
    struct Problem: Error, Equatable {
        var message: String
        var hint: String?
    }

    /// A listener, and the address by which it is reached from here.
    struct Listener: Equatable {
        var name: String
        var address: ListenAddress
    }

    var listeners: [Listener]
    var path: String

    /// - Throws: `Problem` where there is no listener, or one that only other machines reach.
    init(_ app: AppView, path: String?) throws(Problem) {
        guard app.desired == "running" else {
            throw Problem(message: "\(app.name) does not run", hint: "koomyctl start \(app.name)")
        }
        guard !app.listeners.isEmpty else {
            throw Problem(
                message: "\(app.name) has no listener of koomyd's, so there is nothing to send requests to",
                hint: "give it one with listen: in its file"
            )
        }
        var listeners: [Listener] = []
        for listener in app.listeners {
            guard let address = Self.reachable(listener.address) else {
                throw Problem(
                    message: "\(listener.address) is not an address of this machine alone; requests go to loopback "
                        + "addresses and Unix sockets only",
                    hint: "listen on 127.0.0.1 or on every address"
                )
            }
            listeners.append(Listener(name: listener.name, address: address))
        }
        self.listeners = listeners
        self.path = path ?? app.spec.flatMap(Self.probedPath) ?? "/"
    }

    /// The loopback address for one that is bound to it or to every address; nil for others.
    static func reachable(_ text: String) -> ListenAddress? {
        if text.hasPrefix("unix:") { return .unix(path: String(text.dropFirst(5))) }
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[text.index(text.startIndex, offsetBy: 6)..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        switch host {
        case "*", "0.0.0.0": return .tcp(host: "127.0.0.1", port: port)
        case "::", "::1": return .tcp(host: "::1", port: port)
        case "localhost": return .tcp(host: "127.0.0.1", port: port)
        default: return host.hasPrefix("127.") ? .tcp(host: String(host), port: port) : nil
        }
    }

    /// The path of the app's health or readiness probe, where that is an HTTP probe.
    private static func probedPath(_ spec: JSONValue) -> String? {
        let probes = [spec["health"], spec["readiness"]?["probe"]?["_0"]]
        for probe in probes {
            if case .string(let path)? = probe?["kind"]?["http"]?["path"] { return path }
        }
        return nil
    }
}
