import KoomyModel

/// What lies where below the folder of an app's releases.
struct DeployLayout: Equatable {
    /// Absolute.
    let root: String

    /// Leads to the release in service.
    var link: String { "\(root)/current" }
    var releases: String { "\(root)/releases" }
    var shared: String { "\(root)/shared" }
    /// Held while a release is prepared, and until koomyd has answered.
    var lockFile: String { "\(root)/.deploy.lock" }
    /// A bare copy of a repository on another host.
    var repository: String { "\(root)/.repository" }
    var buildLogs: String { "\(releases)/.logs" }

    private static let incomingPrefix = ".incoming-"
    private static let failedPrefix = ".failed-"

    func release(_ id: ReleaseID) -> String { "\(releases)/\(id.text)" }

    /// There as long as a release is not complete, or not completely removed; also where archives are unpacked.
    ///
    /// A release has its last path from the build on, because builds write absolute paths into what they make. What
    /// says that it is complete is therefore that this folder is gone, which happens at once.
    func incoming(_ id: ReleaseID) -> String { "\(releases)/\(Self.incomingPrefix)\(id.text)" }

    /// Where a release is kept whose preparation failed, for a look.
    func failed(_ id: ReleaseID) -> String { "\(releases)/\(Self.failedPrefix)\(id.text)" }

    /// What is known of a release, beside it: the release itself is the code and nothing else.
    func record(_ id: ReleaseID) -> String { "\(releases)/.\(id.text).json" }

    func buildLog(_ id: ReleaseID) -> String { "\(buildLogs)/\(id.text)-build.log" }

    /// The release whose incoming folder has this name; nil for any other name.
    static func incomplete(named name: String) -> ReleaseID? {
        guard name.hasPrefix(incomingPrefix) else { return nil }
        return ReleaseID(name.dropFirst(incomingPrefix.count))
    }

    /// The release that is kept under this name; nil for any other name.
    static func failed(named name: String) -> ReleaseID? {
        guard name.hasPrefix(failedPrefix) else { return nil }
        return ReleaseID(name.dropFirst(failedPrefix.count))
    }

    /// The complete releases among the names in `releases`, the newest first.
    static func complete(among names: [String]) -> [ReleaseID] {
        let incomplete = Set(names.compactMap(Self.incomplete(named:)))
        return names.compactMap { ReleaseID($0) }.filter { !incomplete.contains($0) }.sorted(by: >)
    }
}
