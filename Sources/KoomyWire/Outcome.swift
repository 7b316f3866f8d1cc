/// The exit codes of koomyctl; each has one cause, and none will ever change its meaning.
public enum ExitCode: Int32, CaseIterable, Codable, Hashable, Sendable {
    /// Done.
    case done = 0
    /// `doctor` found an error, `verify` lost requests, or `logs` found a file that it could not show.
    case trouble = 1
    /// An app or worker of that name is not known.
    case noSuchApp = 2
    /// No daemon answers.
    case noDaemon = 3
    /// A new worker failed to start, or ended before it was ready; in a reload the old ones stayed.
    case workerFailed = 4
    /// A new worker was not ready in time; in a reload the old ones stayed.
    case readyTimeout = 5
    /// A new worker was ready and then failed within `healthy_time`; the old ones stayed or were restored.
    case unhealthy = 6
    /// Done, but an old worker did not leave in time and was killed.
    case drainForced = 7
    /// A later request took its place.
    case superseded = 8
    /// The rollout was aborted on request.
    case aborted = 9
    /// The daemon does not take orders from this user.
    case notPermitted = 10
    /// A new worker would not fit the host's memory beside the old ones; nothing was changed.
    case noRoom = 11
    /// A build or a hook of a deployment failed; nothing was changed.
    case stepFailed = 12
    /// The command line, or the request, is wrong (EX_USAGE of sysexits.h).
    case usage = 64
    /// The ecosystem file is wrong or cannot be read, or the state of the daemon cannot be read (EX_DATAERR).
    case badConfiguration = 65
    /// A fault of koomy's own (EX_SOFTWARE).
    case internalError = 70
    /// The daemon could not save what was asked for, so it did not do it (EX_CANTCREAT).
    case cannotSave = 73
    /// `--timeout` was over; what was asked for goes on in the daemon (EX_TEMPFAIL).
    case timedOut = 75
}

/// How a command, or a request, ended: the stable words of `outcome` and of an error's `code`.
public enum Outcome: String, CaseIterable, Codable, Hashable, Sendable {
    /// It is as was asked for.
    case done
    /// Something is not as it should be; said by `koomyctl doctor` and `koomyctl verify` only.
    case trouble
    /// No app has that name.
    case noSuchApp = "no_such_app"
    /// The app has no such slot.
    case noSuchWorker = "no_such_worker"
    /// No daemon answers; said by clients only.
    case noDaemon = "no_daemon"
    /// A new worker failed to start, or ended before it was ready.
    case workerFailed = "worker_failed"
    /// A new worker was not ready in time.
    case readyTimeout = "ready_timeout"
    /// A new worker was ready and then failed within `healthy_time`.
    case unhealthy
    /// Done, but an old worker had to be killed.
    case drainForced = "drain_forced"
    /// A later request took its place.
    case superseded
    /// It was aborted on request.
    case aborted
    /// The host has no memory for a new worker beside the old ones.
    case noRoom = "no_room"
    /// A build or a hook of a deployment failed.
    case stepFailed = "step_failed"
    /// This user may not.
    case notPermitted = "not_permitted"
    /// The command line is wrong; said by clients only.
    case usage
    /// The request's body is not what the endpoint takes.
    case badRequest = "bad_request"
    /// There is no such endpoint.
    case notFound = "not_found"
    /// The endpoint does not know this method.
    case methodNotAllowed = "method_not_allowed"
    /// The request is larger than any that makes sense.
    case tooLarge = "too_large"
    /// The ecosystem file is wrong or cannot be read.
    case badConfiguration = "bad_configuration"
    /// The new koomyd of an upgrade cannot read the state of the present one, which goes on.
    case stateUnreadable = "state_unreadable"
    /// A fault of koomy's own.
    case internalError = "internal"
    /// The daemon is leaving and takes no more orders.
    case shuttingDown = "shutting_down"
    /// What was asked for could not be made durable, so it was not done.
    case cannotSave = "cannot_save"
    /// The client gave up waiting; said by clients only.
    case timedOut = "timed_out"

    /// The exit code of koomyctl that it leads to.
    public var exitCode: ExitCode {
        switch self {
        case .done: .done
        case .trouble: .trouble
        case .noSuchApp, .noSuchWorker: .noSuchApp
        case .noDaemon, .shuttingDown: .noDaemon
        case .workerFailed: .workerFailed
        case .readyTimeout: .readyTimeout
        case .unhealthy: .unhealthy
        case .drainForced: .drainForced
        case .superseded: .superseded
        case .aborted: .aborted
        case .noRoom: .noRoom
        case .stepFailed: .stepFailed
        case .notPermitted: .notPermitted
        case .usage, .badRequest, .notFound, .methodNotAllowed, .tooLarge: .usage
        case .badConfiguration, .stateUnreadable: .badConfiguration
        case .internalError: .internalError
        case .cannotSave: .cannotSave
        case .timedOut: .timedOut
        }
    }

    /// The HTTP status of an answer that says this instead of beginning the command.
    public var httpStatus: Int {
        switch self {
        case .done: 200
        case .noSuchApp, .noSuchWorker, .notFound: 404
        case .notPermitted: 403
        case .usage, .badRequest: 400
        case .methodNotAllowed: 405
        case .tooLarge: 413
        case .badConfiguration, .stateUnreadable: 422
        case .trouble, .superseded, .aborted, .noRoom, .stepFailed, .workerFailed, .readyTimeout, .unhealthy,
            .drainForced:
            409
        case .internalError: 500
        case .noDaemon, .shuttingDown: 503
        case .timedOut: 504
        case .cannotSave: 507
        }
    }
}
