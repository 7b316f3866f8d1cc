import KoomyWire

/// What `GET /v1/events` is asked for.
struct EventsQuery: Hashable {
    var follows = false
    /// Events after this number.
    var since: UInt64 = 0

    /// Throws a sentence for whoever asked.
    init(_ query: [String: String]) throws(WireError) {
        switch query["follow"] {
        case nil, "0", "false": follows = false
        case "1", "true", "": follows = true
        case .some(let text): throw WireError(message: "\"follow\" is \"\(text)\"; 1 or 0 is expected")
        }
        guard let text = query["since"] else { return }
        guard let number = UInt64(text) else {
            throw WireError(message: "\"since\" is \"\(text)\"; the number of an event is expected")
        }
        since = number
    }
}
