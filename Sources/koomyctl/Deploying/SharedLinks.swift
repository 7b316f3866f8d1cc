import Glibc
import KoomySystem
import KoomyWire

/// Gives a release its links to what all releases share.
struct SharedLinks {
    let layout: DeployLayout
    /// Below `shared/`, and below a release.
    let paths: [String]

    /// Says what is missing before anything is copied.
    func check() throws(DeployFailure) {
        for path in paths where Files.status("\(layout.shared)/\(path)") == nil {
            throw DeployFailure(
                .badConfiguration,
                "\(layout.shared)/\(path) is not there, which releases share",
                hint: "put it there once; \"shared\" in the app's deploy block names it"
            )
        }
    }

    /// Makes the links.
    ///
    /// What a release brings of the same name gives way, as with Capistrano: a repository often has an empty folder or
    /// an example there.
    /// - Returns: The paths that had to give way.
    func make(in release: String, _ tools: DeployTools) throws(DeployFailure) -> [String] {
        var replaced: [String] = []
        for path in paths {
            let place = "\(release)/\(path)"
            try makeParents(of: path, in: release, tools)
            if FileFacts(at: place) != nil {
                replaced.append(path)
                try tools.run(["rm", "--recursive", "--force", "--", place])
            }
            try tools.run(["ln", "--symbolic", "--no-target-directory", "--", "\(layout.shared)/\(path)", place])
        }
        return replaced
    }

    /// A link on the way could lead out of the release, and what is there would be removed.
    private func makeParents(of path: String, in release: String, _ tools: DeployTools) throws(DeployFailure) {
        var folder = release
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            var status = stat()
            guard lstat(folder, &status) == 0 else {
                try tools.run(["mkdir", "--", folder])
                continue
            }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                let inside = folder.dropFirst(release.count + 1)
                throw DeployFailure(
                    .badConfiguration,
                    "\"\(path)\" cannot be shared: the release has a link or a file at \(inside)",
                    hint: "share \(inside) as a whole"
                )
            }
        }
    }
}
