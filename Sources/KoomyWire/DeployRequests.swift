/// The body of `POST /v1/deploy`: a release that is complete on disk is to serve.
///
/// The app's file is read again, in the release where its path goes through the link; then the release is rehearsed,
/// every worker is replaced, and the link leads to it. Where any of that fails, everything is as it was.
public struct DeployRequest: Codable, Hashable, Sendable {
    /// The name of an app that has a `deploy` block.
    public var app: String
    /// Where the code is.
    public var release: ReleaseView
    /// False: no rehearsal, whatever the file says.
    public var rehearse: Bool?
    /// False: no canary, whatever the file says.
    public var canary: Bool?

    /// A request for this release.
    public init(app: String, release: ReleaseView, rehearse: Bool? = nil, canary: Bool? = nil) {
        self.app = app
        self.release = release
        self.rehearse = rehearse
        self.canary = canary
    }

    /// What is wrong with it, as a sentence; nil where it can be done.
    package var problem: String? {
        if Target(parsing: app) == nil { return Target.problem(of: app) }
        guard release.path.hasPrefix("/") else { return "the path of \"release\" has to be absolute" }
        return nil
    }
}

/// The body of `POST /v1/rollback`: what served before is to serve again, code and configuration.
public struct RollbackRequest: Codable, Hashable, Sendable {
    /// The name of an app.
    public var app: String
    /// The release, or the generation, that is meant; the one before the present one where absent.
    public var to: String?

    /// A request to go back.
    public init(app: String, to: String? = nil) {
        self.app = app
        self.to = to
    }

    /// What is wrong with it, as a sentence; nil where it can be done.
    package var problem: String? { Target(parsing: app) == nil ? Target.problem(of: app) : nil }
}

/// A directory of code.
public struct ReleaseView: Codable, Hashable, Sendable {
    /// The last component of its path.
    public var id: String
    /// Absolute, without a symbolic link.
    public var path: String
    /// A git commit, or the SHA-256 of what it was made of; absent where nobody said.
    public var revision: String?
    /// When it was made ready, in milliseconds since the Unix epoch; absent where nobody said.
    public var preparedAt: Int64?

    /// A release from its parts.
    public init(id: String, path: String, revision: String? = nil, preparedAt: Int64? = nil) {
        self.id = id
        self.path = path
        self.revision = revision
        self.preparedAt = preparedAt
    }
}
