import KoomySystem
import KoomyWire

/// The answer of `GET /v1`.
struct EndpointList: Encodable {
    struct Endpoint: Encodable {
        var methods: [String]
        var path: String
    }

    var endpoints = ControlRoute.all.map { Endpoint(methods: $0.methods, path: $0.path) }
}

/// The answer of `GET /v1/version`.
struct VersionAnswer: Encodable {
    var api = "v1"
    var schema: Int
    /// As `koomyd --version` has it.
    var version: String
    var pid: Int32

    init(_ status: StatusView) {
        schema = status.schema
        version = status.daemon.version
        pid = status.daemon.pid
    }
}

extension HTTPReply {
    static let json = "application/json"
    /// A JSON text in each line.
    static let lines = "application/x-ndjson"

    static func value(_ value: some Encodable) -> HTTPReply {
        do {
            return HTTPReply(status: 200, contentType: json, body: try WireCoding.encodeLine(value))
        } catch {
            return self.error(ErrorView(.internalError, message: "the answer \(error.message)"))
        }
    }

    /// An error with the status that belongs to its code.
    static func error(_ error: ErrorView, headers: [(name: String, value: String)] = []) -> HTTPReply {
        Self.error(UInt32(Outcome(rawValue: error.code)?.httpStatus ?? 500), error, headers: headers)
    }

    static func error(
        _ status: UInt32,
        _ error: ErrorView,
        headers: [(name: String, value: String)] = []
    ) -> HTTPReply {
        let body = try? WireCoding.encodeLine(ErrorAnswer(error: error))
        return HTTPReply(status: status, contentType: json, headers: headers, body: body ?? Array("{}\n".utf8))
    }

    static var leaving: HTTPReply { error(ErrorView(.shuttingDown, message: "koomyd is leaving")) }

    static func badRequest(_ sentence: String) -> HTTPReply { error(ErrorView(.badRequest, message: sentence)) }

    static func notFound(_ target: String) -> HTTPReply {
        error(ErrorView(.notFound, message: "there is no \(target)", hint: "GET /v1 lists what there is"))
    }

    static func noSuchApp(_ name: String, _ known: [String]) -> HTTPReply {
        let hint = NameSuggestion.hint(for: name, among: known)
        return error(ErrorView(.noSuchApp, message: "no app is named \"\(name)\"", hint: hint))
    }

    static func tooLarge(_ limit: Int) -> HTTPReply {
        error(ErrorView(.tooLarge, message: "the body is larger than \(limit) bytes"))
    }

    static func methodNotAllowed(_ method: String, _ route: ControlRoute) -> HTTPReply {
        let allowed = route.methods.joined(separator: ", ")
        let message = "\(route.path) does not know the method \(method)"
        return error(
            ErrorView(.methodNotAllowed, message: message, hint: "it knows \(allowed)"),
            headers: [("Allow", allowed)]
        )
    }

    static func notPermitted(_ peer: PeerCredentials, changing: Bool) -> HTTPReply {
        let message = "user \(peer.userID) may not \(changing ? "change anything" : "look at anything") here"
        return error(ErrorView(.notPermitted, message: message))
    }
}
