import KoomyModel
import KoomySystem
import KoomyWire

/// Where the code of a release comes from, looked at and found to be good.
struct ReleaseSource: Equatable {
    enum Kind: Equatable {
        case folder, tarball, git
    }

    var kind: Kind
    /// The folder, the tarball or the repository, absolute.
    var path: String
    /// A commit, or the SHA-256 of a tarball or of what is in a folder.
    var revision: String
    /// How many bytes it will take on disk.
    var size: UInt64
    /// For people: `./dist`, `main of /srv/repo`.
    var name: String

    /// Puts the code into a folder, which is made; `scratch` is a folder for what is needed on the way.
    func fill(_ content: String, scratch: String, _ tools: DeployTools) throws(DeployFailure) {
        switch kind {
        case .folder: try fillFromFolder(content, tools)
        case .tarball:
            try tools.run(["mkdir", "--", content])
            try Self.unpack(path, into: content, tools)
        case .git: try fillFromRepository(content, scratch: scratch, tools)
        }
    }

    /// What a step is called that does that.
    var verb: String {
        switch kind {
        case .folder: "copying"
        case .tarball: "unpacking"
        case .git: "checking_out"
        }
    }

    static func unpack(_ archive: String, into folder: String, _ tools: DeployTools) throws(DeployFailure) {
        // Owners in an archive are those of the machine that packed it.
        try tools.run(["tar", "--extract", "--file", archive, "--directory", folder, "--no-same-owner"])
    }
}

// MARK: - Folders

extension ReleaseSource {
    static func folder(
        _ path: String,
        name: String,
        outside root: String,
        _ tools: DeployTools
    ) throws(DeployFailure) -> ReleaseSource {
        let path = try tools.realPath(of: path)
        if (root + "/").hasPrefix(path + "/") {
            throw DeployFailure(
                .badConfiguration,
                "the folder of the releases, \(root), is in \(name), which would be copied into itself",
                hint: "name the folder that has the code and nothing else"
            )
        }
        let used = try tools.run(["du", "--summarize", "--block-size=1", "--", path])
        return ReleaseSource(
            kind: .folder,
            path: path,
            revision: try digest(of: path, tools),
            size: UInt64(used.prefix { $0.isNumber }) ?? 0,
            name: name
        )
    }

    private func fillFromFolder(_ content: String, _ tools: DeployTools) throws(DeployFailure) {
        try tools.run(["mkdir", "--", content])
        try tools.run(["cp", "--archive", "--", "\(path)/.", content])
        guard try Self.digest(of: content, tools) == revision else {
            throw DeployFailure(
                .badConfiguration,
                "\(name) changed while it was copied",
                hint: "let whatever writes to it come to its end"
            )
        }
    }

    /// The SHA-256 of an archive of what is in a folder: names, modes, links and contents, not times and owners.
    private static func digest(of folder: String, _ tools: DeployTools) throws(DeployFailure) -> String {
        let text = try tools.run([
            "tar", "--create", "--file=-", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner",
            "--format=gnu", "--use-compress-program=sha256sum", "--directory", folder, ".",
        ])
        return String(text.prefix { $0 != " " && $0 != "\n" })
    }
}

// MARK: - Tarballs

extension ReleaseSource {
    private static let endings = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2"]

    static func isTarball(_ name: String) -> Bool { endings.contains { name.hasSuffix($0) } }

    static func tarball(_ path: String, name: String, _ tools: DeployTools) throws(DeployFailure) -> ReleaseSource {
        let path = try tools.realPath(of: path)
        let listing = TarListing(
            try tools.run(["tar", "--list", "--verbose", "--numeric-owner", "--quoting-style=escape", "--file", path])
        )
        if let outsider = listing.outsider {
            throw DeployFailure(
                .badConfiguration,
                "\(name) has an entry that would lie outside of the release: \(outsider)",
                hint: "pack it anew, from inside the folder: tar -czf NAME.tar.gz -C FOLDER ."
            )
        }
        guard !listing.names.isEmpty else { throw DeployFailure(.badConfiguration, "\(name) is empty") }
        let digest = try tools.run(["sha256sum", "--", path])
        return ReleaseSource(
            kind: .tarball,
            path: path,
            // A name with a backslash makes the line begin with one.
            revision: String(digest.drop { $0 == "\\" }.prefix { $0 != " " }),
            size: listing.size,
            name: name
        )
    }
}

extension DeployTools {
    /// Without symbolic links in it.
    func realPath(of path: String) throws(DeployFailure) -> String {
        let text = try run(["realpath", "--canonicalize-existing", "--", ThisProcess.absolutePath(path)])
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
