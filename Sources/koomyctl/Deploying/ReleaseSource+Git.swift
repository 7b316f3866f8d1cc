import KoomyModel
import KoomySystem
import KoomyWire

// MARK: - Commits of a repository

extension ReleaseSource {
    /// A branch, a tag or a commit of a repository, which is a path or a URL; one of another host is fetched into a copy.
    static func git(
        _ reference: String,
        of repository: String,
        _ layout: DeployLayout,
        _ tools: DeployTools
    ) throws(DeployFailure) -> ReleaseSource {
        let place: String
        if isRemote(repository) {
            try fetch(repository, into: layout.repository, tools)
            place = layout.repository
        } else {
            place = try topFolder(of: repository, tools)
        }
        let commit = try commit(reference, of: repository, in: place, tools)
        // Mode, kind, hash and size, then a tab and the name.
        let tree = try tools.run(["git", "-C", place, "ls-tree", "-r", "--long", "--full-tree", commit])
        let size = tree.split(separator: "\n").reduce(UInt64(0)) { sum, line in
            let words = line.prefix { $0 != "\t" }.split(separator: " ")
            return sum + (words.count == 4 ? UInt64(words[3]) ?? 0 : 0)
        }
        let name = "\(reference) of \(withoutPassword(repository))"
        return ReleaseSource(kind: .git, path: place, revision: commit, size: size, name: name)
    }

    /// The folder of a work tree, or a repository without one.
    static func topFolder(of path: String, _ tools: DeployTools) throws(DeployFailure) -> String {
        let path = try tools.realPath(of: path)
        let answer = try tools.run(["git", "-C", path, "rev-parse", "--is-inside-work-tree", "--absolute-git-dir"])
        let lines = answer.split(separator: "\n").map(String.init)
        if lines.first != "true" { return lines.last ?? path }
        let top = try tools.run(["git", "-C", path, "rev-parse", "--path-format=absolute", "--show-toplevel"])
        return top.hasSuffix("\n") ? String(top.dropLast()) : top
    }

    /// `https://host/repo`, `ssh://…`, or `user@host:repo`, which git tells from a path in the same way.
    static func isRemote(_ repository: String) -> Bool {
        if repository.contains("://") { return true }
        guard let colon = repository.firstIndex(of: ":") else { return false }
        return repository.firstIndex(of: "/").map { colon < $0 } ?? true
    }

    /// A URL as it may be shown and kept: a password in it is left out.
    static func withoutPassword(_ repository: String) -> String {
        guard let scheme = repository.firstRange(of: "://") else { return repository }
        let rest = repository[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@"), host[..<at].contains(":") else { return repository }
        return String(repository[..<scheme.upperBound] + rest[rest.index(after: at)...])
    }

    private static func fetch(
        _ repository: String,
        into folder: String,
        _ tools: DeployTools
    ) throws(DeployFailure) {
        try tools.run(["git", "init", "--quiet", "--bare", "--", folder])
        try tools.run([
            "git", "-C", folder, "fetch", "--quiet", "--force", "--prune", "--tags", "--", repository,
            "+refs/heads/*:refs/heads/*",
        ])
    }

    private static func commit(
        _ reference: String,
        of repository: String,
        in place: String,
        _ tools: DeployTools
    ) throws(DeployFailure) -> String {
        do throws(DeployFailure) {
            let text = try tools.run([
                "git", "-C", place, "rev-parse", "--verify", "--quiet", "--end-of-options", "\(reference)^{commit}",
            ])
            return String(text.prefix { $0 != "\n" })
        } catch {
            guard error.error.code == Outcome.badConfiguration.rawValue else { throw error }
            throw DeployFailure(
                .badConfiguration,
                "\(withoutPassword(repository)) has no commit, branch or tag \"\(reference)\"",
                hint: "see git log, git branch and git tag there"
            )
        }
    }

    func fillFromRepository(_ content: String, scratch: String, _ tools: DeployTools) throws(DeployFailure) {
        let archive = "\(scratch)/source.tar"
        try tools.run(["git", "-C", path, "archive", "--format=tar", "--output=\(archive)", revision])
        try tools.run(["mkdir", "--", content])
        try Self.unpack(archive, into: content, tools)
        try tools.run(["rm", "--force", "--", archive])
    }
}
