import KoomyWire

/// Something that koomyd can be asked to change.
public enum ControlCommand: Hashable, Sendable {
    /// Run the apps of a file, or apps that are known.
    case start(StartRequest)
    /// Drain workers and keep them stopped.
    case stop(TargetsRequest)
    /// Stop, then start: with a gap, unlike reload.
    case restart(TargetsRequest)
    /// Replace workers one at a time, without a gap.
    case reload(ReloadRequest)
    /// Have a release serve that is complete on disk.
    case deploy(DeployRequest)
    /// Have serve what served before.
    case rollback(RollbackRequest)
    /// Give up rollouts that are under way.
    case abort(TargetsRequest)
    /// Begin no further slot of rollouts that are under way.
    case pause(TargetsRequest)
    /// Go on with rollouts that are paused.
    case resume(TargetsRequest)
    /// Have the canary's code replace all workers now.
    case promote(TargetsRequest)
    /// Run another number of workers.
    case scale(ScaleRequest)
    /// Forget failures, so that an errored app is tried again.
    case reset(TargetsRequest)
    /// Stop apps and forget them.
    case delete(TargetsRequest)
    /// Leave, with the workers drained or left running.
    case stopDaemon(StopDaemonRequest)
    /// Go on as another binary, without touching a worker.
    case upgradeDaemon(UpgradeRequest)
    /// Empty the log files of apps.
    case flushLogs(TargetsRequest)
    /// Put the log files of apps aside, and begin new ones.
    case rotateLogs(TargetsRequest)
    /// Open all log files again.
    case reopenLogs

    /// The endpoint.
    public var path: String {
        switch self {
        case .start: "/v1/start"
        case .stop: "/v1/stop"
        case .restart: "/v1/restart"
        case .reload: "/v1/reload"
        case .deploy: "/v1/deploy"
        case .rollback: "/v1/rollback"
        case .abort: "/v1/abort"
        case .pause: "/v1/pause"
        case .resume: "/v1/resume"
        case .promote: "/v1/promote"
        case .scale: "/v1/scale"
        case .reset: "/v1/reset"
        case .delete: "/v1/delete"
        case .stopDaemon: "/v1/daemon/stop"
        case .upgradeDaemon: "/v1/daemon/upgrade"
        case .flushLogs: "/v1/logs/flush"
        case .rotateLogs: "/v1/logs/rotate"
        case .reopenLogs: "/v1/daemon/reopen-logs"
        }
    }

    func body() throws(WireError) -> [UInt8] {
        switch self {
        case .start(let request): try WireCoding.encode(request)
        case .stop(let request), .restart(let request), .abort(let request), .reset(let request),
            .delete(let request), .pause(let request), .resume(let request), .promote(let request),
            .flushLogs(let request), .rotateLogs(let request):
            try WireCoding.encode(request)
        case .deploy(let request): try WireCoding.encode(request)
        case .rollback(let request): try WireCoding.encode(request)
        case .reload(let request): try WireCoding.encode(request)
        case .scale(let request): try WireCoding.encode(request)
        case .stopDaemon(let request): try WireCoding.encode(request)
        case .upgradeDaemon(let request): try WireCoding.encode(request)
        case .reopenLogs: Array("{}".utf8)
        }
    }
}
