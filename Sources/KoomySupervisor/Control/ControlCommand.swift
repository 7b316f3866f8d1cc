package import KoomyWire

/// What a client asks the daemon to change.
package enum ControlCommand: Hashable, Sendable {
    case start(StartRequest)
    case stop(TargetsRequest)
    case restart(TargetsRequest)
    case reset(TargetsRequest)
    case delete(TargetsRequest)
    case scale(ScaleRequest)
    case reload(ReloadRequest)
    case deploy(DeployRequest)
    case rollback(RollbackRequest)
    case abort(TargetsRequest)
    case pause(TargetsRequest)
    case resume(TargetsRequest)
    case promote(TargetsRequest)
    case stopDaemon(StopDaemonRequest)
    case upgradeDaemon(UpgradeRequest)
    case reopenLogs
    case flushLogs(TargetsRequest)
    case rotateLogs(TargetsRequest)
}

/// The endpoints that change something; the raw values are their paths below `/v1`.
enum ControlVerb: String, CaseIterable {
    case start, stop, restart, reset, delete, scale, reload, deploy, rollback, abort, pause, resume, promote
    case stopDaemon = "daemon/stop"
    case upgradeDaemon = "daemon/upgrade"
    case reopenLogs = "daemon/reopen-logs"
    case flushLogs = "logs/flush"
    case rotateLogs = "logs/rotate"

    /// The command of a request's body; an empty body stands for `{}`.
    ///
    /// Throws a sentence for whoever sent it.
    func command(from body: [UInt8]) throws(WireError) -> ControlCommand {
        let body = body.isEmpty ? Array("{}".utf8) : body
        try refuseUnknownMembers(of: body)
        switch self {
        case .start: return .start(try decode(body) { $0.problem })
        case .stop: return .stop(try decode(body) { $0.problem })
        case .restart: return .restart(try decode(body) { $0.problem })
        case .reset: return .reset(try decode(body) { $0.problem })
        case .delete: return .delete(try decode(body) { $0.problem })
        case .scale: return .scale(try decode(body) { $0.problem })
        case .reload: return .reload(try decode(body) { $0.problem })
        case .deploy: return .deploy(try decode(body) { $0.problem })
        case .rollback: return .rollback(try decode(body) { $0.problem })
        case .abort: return .abort(try decode(body) { $0.problem })
        case .pause: return .pause(try decode(body) { $0.problem })
        case .resume: return .resume(try decode(body) { $0.problem })
        case .promote: return .promote(try decode(body) { $0.problem })
        case .stopDaemon: return .stopDaemon(try decode(body) { _ in nil })
        case .upgradeDaemon: return .upgradeDaemon(try decode(body) { $0.problem })
        case .flushLogs: return .flushLogs(try decode(body) { $0.problem })
        case .rotateLogs: return .rotateLogs(try decode(body) { $0.problem })
        case .reopenLogs:
            try checkObject(body)
            return .reopenLogs
        }
    }

    /// A member that is passed over could mean less than what is then done: `target` for `targets` would mean every app.
    private func refuseUnknownMembers(of body: [UInt8]) throws(WireError) {
        let members: [String: JSONValue] = try WireCoding.decode(from: body)
        guard let unknown = members.keys.sorted().first(where: { !knownMembers.contains($0) }) else { return }
        let known = knownMembers.isEmpty ? "there are none" : "known: \(knownMembers.joined(separator: ", "))"
        throw WireError(message: "\"\(unknown)\" is no member of this request; \(known)")
    }

    private var knownMembers: [String] {
        switch self {
        case .start: ["file", "only", "targets"]
        case .stop, .restart, .reset, .delete, .abort, .pause, .resume, .promote, .flushLogs, .rotateLogs: ["targets"]
        case .deploy: ["app", "canary", "rehearse", "release"]
        case .rollback: ["app", "to"]
        case .scale: ["app", "instances"]
        case .reload: ["file", "targets"]
        case .stopDaemon: ["workers"]
        case .upgradeDaemon: ["binary"]
        case .reopenLogs: []
        }
    }

    /// For commands without members: any object will do.
    private func checkObject(_ body: [UInt8]) throws(WireError) {
        let _: [String: JSONValue] = try WireCoding.decode(from: body)
    }

    private func decode<Request: Decodable>(
        _ body: [UInt8],
        problem: (Request) -> String?
    ) throws(WireError) -> Request {
        let request: Request = try WireCoding.decode(from: body)
        if let problem = problem(request) { throw WireError(message: problem) }
        return request
    }
}

extension ScaleRequest {
    /// What is wrong with it, as a sentence; nil where it can be done.
    fileprivate var problem: String? {
        InstanceChange(parsing: instances) == nil
            ? "\"instances\" is \"\(instances)\"; a number of at most \(InstanceChange.limit) is expected, as 4, +1 or -1"
            : nil
    }
}
