/// A directory of code that workers run from, behind the symbolic link that names it.
///
/// A worker that is started again gets the release of its generation, wherever the link leads by then.
package struct Release: Hashable, Sendable, Codable {
    /// The directory itself, absolute, without a symbolic link.
    package var path: String
    /// What leads to it in the app's paths, absolute: `/srv/api/current`.
    package var link: String
    /// What the code is: a git commit, or the SHA-256 of what was unpacked or copied; nil where nobody said.
    package var revision: String?
    /// When it was made ready; nil where nobody said.
    package var preparedAt: WallTime?

    package init(path: String, link: String, revision: String? = nil, preparedAt: WallTime? = nil) {
        self.path = path
        self.link = link
        self.revision = revision
        self.preparedAt = preparedAt
    }

    /// The last component of its path, which operators call it by.
    package var id: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Where a path that goes through the link is in this release; any other path is as it was.
    package func locate(_ path: String) -> String {
        if path == link { return self.path }
        guard path.hasPrefix(link + "/") else { return path }
        return self.path + path.dropFirst(link.count)
    }
}

extension Release {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(path: try values.read(.path), link: try values.read(.link))
        try values.read(.revision, into: &revision)
        try values.read(.preparedAt, into: &preparedAt)
    }
}
