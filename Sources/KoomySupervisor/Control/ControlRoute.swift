/// What the control server serves.
enum ControlRoute: Hashable {
    /// The list of all others.
    case index
    case version
    case status
    case app(String)
    case deployments(String)
    case events
    case doctor
    case command(ControlVerb)

    /// nil for a path that means nothing here.
    init?(_ segments: [String]) {
        guard segments.first == "v1" else { return nil }
        switch segments.dropFirst().joined(separator: "/") {
        case "" where segments.count == 1: self = .index
        case "version": self = .version
        case "status": self = .status
        case "events": self = .events
        case "doctor": self = .doctor
        case let path:
            if segments.count == 3, segments[1] == "apps", !segments[2].isEmpty {
                self = .app(segments[2])
            } else if segments.count == 4, segments[1] == "apps", !segments[2].isEmpty, segments[3] == "deployments" {
                self = .deployments(segments[2])
            } else if let verb = ControlVerb(rawValue: path), segments.count == path.split(separator: "/").count + 1 {
                self = .command(verb)
            } else {
                return nil
            }
        }
    }

    /// The methods that it knows, as `Allow` has them (RFC 9110, 10.2.1).
    var methods: [String] {
        switch self {
        case .index, .version, .status, .app, .deployments, .events, .doctor: ["GET", "HEAD"]
        case .command: ["POST"]
        }
    }

    /// The path, for people.
    var path: String {
        switch self {
        case .index: "/v1"
        case .version: "/v1/version"
        case .status: "/v1/status"
        case .app(let name): "/v1/apps/\(name)"
        case .deployments(let name): "/v1/apps/\(name)/deployments"
        case .events: "/v1/events"
        case .doctor: "/v1/doctor"
        case .command(let verb): "/v1/\(verb.rawValue)"
        }
    }

    /// All of them, in the order in which they are listed.
    static var all: [ControlRoute] {
        [.index, .version, .status, .app("NAME"), .deployments("NAME"), .events, .doctor]
            + ControlVerb.allCases.map { .command($0) }
    }
}
