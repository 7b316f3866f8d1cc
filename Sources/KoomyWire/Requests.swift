/// The body of `POST /v1/start`: a file whose apps are to run, or targets that the daemon knows already.
public struct StartRequest: Codable, Hashable, Sendable {
    /// Absolute path of an ecosystem file.
    public var file: String?
    /// The apps of the file that are meant; all of them where absent.
    public var only: [String]?
    /// `NAME`, `NAME:SLOT` or `all`.
    public var targets: [String]?

    /// Starts the apps of a file.
    public init(file: String, only: [String]? = nil) {
        self.file = file
        self.only = only
    }

    /// Starts apps that are known.
    public init(targets: [String]) { self.targets = targets }

    /// What is wrong with it, as a sentence; nil where it can be done.
    package var problem: String? {
        switch (file, targets) {
        case (nil, nil): "either \"file\" or \"targets\" is needed"
        case (.some, .some): "\"file\" and \"targets\" exclude each other"
        case (.some(let file), nil): file.hasPrefix("/") ? nil : "\"file\" has to be an absolute path"
        case (nil, .some(let targets)):
            if only != nil { "\"only\" goes with \"file\"" } else { TargetsRequest(targets: targets).problem }
        }
    }
}

/// The body of `POST /v1/stop`, `restart`, `reset`, `delete`, `abort`, `pause`, `resume`, `promote`, `logs/flush` and
/// `logs/rotate`.
public struct TargetsRequest: Codable, Hashable, Sendable {
    /// `NAME`, `NAME:SLOT` or `all`.
    public var targets: [String]

    /// A request for these targets.
    public init(targets: [String]) { self.targets = targets }

    /// What is wrong with it, as a sentence; nil where it can be done.
    package var problem: String? {
        guard !targets.isEmpty else { return "\"targets\" is empty" }
        return targets.first { Target(parsing: $0) == nil }.map { Target.problem(of: $0) }
    }
}

/// The body of `POST /v1/scale`.
public struct ScaleRequest: Codable, Hashable, Sendable {
    /// The name of an app.
    public var app: String
    /// `4` for exactly that many workers, `+1` and `-1` for that many more or fewer.
    public var instances: String

    /// A request for this many workers.
    public init(app: String, instances: String) {
        self.app = app
        self.instances = instances
    }
}

/// The body of `POST /v1/reload`; where it is empty, every app is read again from its file.
public struct ReloadRequest: Codable, Hashable, Sendable {
    /// `NAME` or `all`.
    public var targets: [String]?
    /// Absolute path of an ecosystem file.
    public var file: String?

    /// A request for these targets, or for all.
    public init(targets: [String]? = nil) { self.targets = targets }

    /// A request for the apps of a file.
    public init(file: String) { self.file = file }

    /// What is wrong with it, as a sentence; nil where it can be done.
    package var problem: String? {
        switch (file, targets) {
        case (nil, nil): nil
        case (.some, .some): "\"file\" and \"targets\" exclude each other"
        case (.some(let file), nil): file.hasPrefix("/") ? nil : "\"file\" has to be an absolute path"
        case (nil, .some(let targets)): TargetsRequest(targets: targets).problem
        }
    }
}
