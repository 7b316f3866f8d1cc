/// How new code of an app gets onto the host, and what it has to pass before it serves.
package struct DeploySpec: Hashable, Sendable, Codable {
    /// Absolute; has `releases/`, `shared/` and the link `current`.
    package var root: String
    /// So many releases stay, that in service among them.
    package var keep = 5
    /// Run in the new release before anything else; nil for nothing to build.
    package var build: Task?
    /// Paths below `shared/` that each release gets as links of the same name.
    package var shared: [String] = []
    /// nil: a release goes live without one.
    package var rehearsal: Rehearsal? = Rehearsal()
    /// Before a new worker is started; where it fails, nothing is.
    package var before: Task?
    /// After a deployment has succeeded.
    package var after: Task?
    /// After a deployment has failed.
    package var onFailure: Task?

    package init(root: String) { self.root = root }

    package var link: String { "\(root)/current" }
    package var releases: String { "\(root)/releases" }

    /// A command of the operator's, run as the app's user in the release's directory with the app's environment.
    package struct Task: Hashable, Sendable, Codable {
        package var arguments: [String]
        package var timeout: TimeSpan

        package init(arguments: [String], timeout: TimeSpan) {
            self.arguments = arguments
            self.timeout = timeout
        }
    }

    /// What a candidate, a worker of the new release that nobody else can reach, is asked.
    package struct Rehearsal: Hashable, Sendable, Codable {
        /// Each is fetched from it by GET, and 200 to 399 is good.
        package var paths: [String] = []
        /// For each of them.
        package var timeout = TimeSpan.seconds(5)

        package init() {}
    }
}

extension DeploySpec {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(root: try values.read(.root))
        try values.read(.keep, into: &keep)
        try values.read(.build, into: &build)
        try values.read(.shared, into: &shared)
        try values.read(.rehearsal, into: &rehearsal)
        try values.read(.before, into: &before)
        try values.read(.after, into: &after)
        try values.read(.onFailure, into: &onFailure)
    }
}

extension DeploySpec.Rehearsal {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try values.read(.paths, into: &paths)
        try values.read(.timeout, into: &timeout)
    }
}
