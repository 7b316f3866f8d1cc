/// One line of the answer to a command: news while it waits, then exactly one result.
public enum CommandMessage: Hashable, Sendable {
    /// Something happened on the way.
    case progress(CommandProgress)
    /// The last line.
    case result(CommandResult)
}

extension CommandMessage: Codable {
    private enum Key: String, CodingKey { case type }

    private enum Kind: String { case progress, result }

    /// Reads `type` and then what belongs to it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let type = try container.decode(String.self, forKey: .type)
        switch Kind(rawValue: type) {
        case .progress: self = .progress(try CommandProgress(from: decoder))
        case .result: self = .result(try CommandResult(from: decoder))
        case nil:
            throw DecodingError.dataCorruptedError(
                forKey: .type,
                in: container,
                debugDescription: "neither progress nor result: \(type)"
            )
        }
    }

    /// Writes what it carries beside `type`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .progress(let progress):
            try container.encode(Kind.progress.rawValue, forKey: .type)
            try progress.encode(to: encoder)
        case .result(let result):
            try container.encode(Kind.result.rawValue, forKey: .type)
            try result.encode(to: encoder)
        }
    }
}

/// News of a command that is under way.
public struct CommandProgress: Codable, Hashable, Sendable {
    /// The app that it is about.
    public var app: String?
    /// The slot that it is about.
    public var slot: Int?
    /// For people: `worker 1 is ready (pid 4711)`.
    public var message: String
    /// For programs: a short word for what is being done, as `starting`, `ready`, `draining`.
    public var step: String?

    /// Progress from its parts.
    public init(app: String? = nil, slot: Int? = nil, message: String, step: String? = nil) {
        self.app = app
        self.slot = slot
        self.message = message
        self.step = step
    }
}

/// How a command ended.
public struct CommandResult: Codable, Hashable, Sendable {
    /// The exit code of koomyctl: an `ExitCode`.
    public var code: Int32
    /// The same as a word: an `Outcome`.
    public var outcome: String
    /// For people, one sentence.
    public var message: String
    /// What to try next, for people.
    public var hint: String?
    /// How it ended for each app.
    public var apps: [AppResult]
    /// What is wrong with the file, where that is why.
    public var diagnostics: [DiagnosticView]?
    /// What an upgrade has made of the daemon; of that command only.
    public var upgrade: UpgradeView?
    /// The whole report; of `deploy` and `rollback` only.
    public var deployment: DeploymentView?

    /// A result from its parts.
    public init(
        code: Int32,
        outcome: String,
        message: String,
        hint: String? = nil,
        apps: [AppResult] = [],
        diagnostics: [DiagnosticView]? = nil,
        upgrade: UpgradeView? = nil
    ) {
        self.code = code
        self.outcome = outcome
        self.message = message
        self.hint = hint
        self.apps = apps
        self.diagnostics = diagnostics
        self.upgrade = upgrade
    }

    /// A result whose code follows from its outcome.
    public init(
        _ outcome: Outcome,
        message: String,
        hint: String? = nil,
        apps: [AppResult] = [],
        diagnostics: [DiagnosticView]? = nil,
        upgrade: UpgradeView? = nil
    ) {
        self.init(
            code: outcome.exitCode.rawValue,
            outcome: outcome.rawValue,
            message: message,
            hint: hint,
            apps: apps,
            diagnostics: diagnostics,
            upgrade: upgrade
        )
    }
}

/// How a command ended for one app.
public struct AppResult: Codable, Hashable, Sendable {
    /// The app's name.
    public var app: String
    /// An `Outcome`.
    public var outcome: String
    /// The `ExitCode` of that outcome.
    public var code: Int32
    /// For people, one sentence.
    public var message: String

    /// An app's result from its parts.
    public init(app: String, outcome: String, code: Int32, message: String) {
        self.app = app
        self.outcome = outcome
        self.code = code
        self.message = message
    }

    /// An app's result whose code follows from its outcome.
    public init(app: String, _ outcome: Outcome, message: String) {
        self.init(app: app, outcome: outcome.rawValue, code: outcome.exitCode.rawValue, message: message)
    }
}
