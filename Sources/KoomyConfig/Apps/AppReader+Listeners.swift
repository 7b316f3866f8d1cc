import KoomyModel

/// A listener, and where it stands in the file.
struct PlacedListener {
    var spec: ListenerSpec
    let place: SourceText.Place
    let path: String
}

/// The attributes of a listener.
enum ListenAttribute: String, Vocabulary {
    case address, host, port, path, name, backlog, reuseport, nonblocking, mode, user, group

    private static let otherNames: [Self: [String]] = [.reuseport: ["reuse_port"], .nonblocking: ["non_blocking"]]

    var aliases: [String] { Self.otherNames[self] ?? [] }
}

extension AppReader {
    /// The name of the private socket that probes ask.
    private static let probeName = "probe"

    /// Each is a descriptor in every worker.
    private static let listenerLimit = 64

    func listeners(in folder: String) -> [PlacedListener] {
        guard let field = fields[.listen] else { return [] }
        let items = field.items
        guard items.count <= Self.listenerLimit else {
            field.fail("an app has at most \(Self.listenerLimit) listeners, not \(items.count)")
            return []
        }
        var found: [PlacedListener] = []
        for (index, item) in items.enumerated() {
            guard var listener = listener(item, folder: folder) else { continue }
            if listener.spec.name.isEmpty { listener.spec.name = index == 0 ? "main" : "main\(index + 1)" }
            if let other = found.first(where: { $0.spec.name == listener.spec.name }) {
                item.fail(
                    "two listeners have the name \"\(listener.spec.name)\"",
                    hint: "the other is at \(other.place.line):\(other.place.column); give each its own name"
                )
            }
            found.append(listener)
        }
        return found
    }

    private func listener(_ field: Field, folder: String) -> PlacedListener? {
        var spec: ListenerSpec
        if let pairs = field.pairs {
            guard let read = listener(field.fields(pairs, of: "a listener", as: ListenAttribute.self), folder: folder)
            else { return nil }
            spec = read
        } else {
            guard let address = address(field, folder: folder) else { return nil }
            spec = ListenerSpec(name: "", address: address)
        }
        return PlacedListener(spec: spec, place: field.node.place, path: field.path)
    }

    /// A bare port, or an address as a text.
    private func address(_ field: Field, folder: String) -> ListenAddress? {
        guard let scalar = field.node.scalar, [.null, .bool(true), .bool(false)].contains(scalar.value) == false else {
            field.mismatch("a port or an address", example: "5000")
            return nil
        }
        do {
            return try complete(AddressText.parse(scalar.text), field, folder: folder)
        } catch {
            field.fail(error.message, hint: error.hint)
            return nil
        }
    }

    /// Makes the path of a Unix socket absolute; sun_path holds 108 bytes with its end (unix(7)).
    private func complete(
        _ address: ListenAddress,
        _ field: Field,
        folder: String
    ) throws(ValueProblem) -> ListenAddress? {
        guard case .unix(let text) = address else { return address }
        guard let path = paths.absolute(text, from: folder) else {
            throw ValueProblem(message: "there is no home directory for \"~\" here", hint: "write the whole path")
        }
        guard path.utf8.count <= 107 else {
            throw ValueProblem(
                message: "the path of a socket has at most 107 bytes, this one has \(path.utf8.count)",
                hint: "choose a shorter one, for example unix:/run/app.sock"
            )
        }
        return .unix(path: path)
    }

    private func listener(_ keys: Fields<ListenAttribute>, folder: String) -> ListenerSpec? {
        guard let address = address(keys, folder: folder) else { return nil }
        var spec = ListenerSpec(name: "", address: address)
        if let field = keys[.name], let name = field.text(example: "http") {
            let isValid =
                name.utf8.count <= 64
                && name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || "._-".utf8.contains($0) }
            if !isValid {
                field.fail(
                    "\"\(name)\" is not a name for a listener",
                    hint: "1 to 64 letters, digits, \".\", \"_\" and \"-\""
                )
            } else if name == Self.probeName {
                field.fail("\"probe\" is the name of the socket that koomyd probes a worker by", hint: "choose another")
            }
            spec.name = name
        }
        spec.backlog = keys[.backlog]?.integer(Int32(1)...Int32.max, example: "4096") ?? spec.backlog
        spec.reusePort = keys[.reuseport]?.flag() ?? false
        spec.nonblocking = keys[.nonblocking]?.flag() ?? false
        spec.mode = keys[.mode]?.octal(upTo: 0o777, example: #""0660""#)
        spec.user = keys[.user]?.text(example: "www-data")
        spec.group = keys[.group]?.text(example: "www-data")
        switch address {
        case .tcp: refuse(keys, [.mode, .user, .group], "is for Unix sockets")
        case .unix: refuse(keys, [.reuseport], "is for TCP")
        }
        return spec
    }

    private func address(_ keys: Fields<ListenAttribute>, folder: String) -> ListenAddress? {
        let given = [keys[.address], keys[.port], keys[.path]].compactMap(\.self)
        guard let field = given.first else {
            keys.fail("this listener has no address", hint: "give it one of port, path and address")
            return nil
        }
        if given.count > 1 {
            given[1].fail("a listener has one of port, path and address", hint: "keep one of them")
            return nil
        }
        if keys[.port] == nil { refuse(keys, [.host], "belongs to a port") }
        if keys[.address] != nil { return address(field, folder: folder) }
        do {
            if keys[.path] != nil {
                guard let text = field.text("a path", example: "/run/app.sock") else { return nil }
                return try complete(.unix(path: text), field, folder: folder)
            }
            guard let port = field.integer(UInt16(0)...UInt16.max, example: "5000") else { return nil }
            guard let host = keys[.host] else { return .tcp(host: "*", port: port) }
            return .tcp(host: try AddressText.host(host.text(example: "127.0.0.1") ?? "*", brackets: false), port: port)
        } catch {
            (keys[.host] ?? field).fail(error.message, hint: error.hint)
            return nil
        }
    }

    private func refuse(_ keys: Fields<ListenAttribute>, _ list: [ListenAttribute], _ reason: String) {
        for key in list {
            guard let field = keys[key] else { continue }
            field.fail("\"\(field.name)\" \(reason)", hint: "take it out")
        }
    }
}
