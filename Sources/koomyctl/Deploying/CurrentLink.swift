import KoomySystem

/// The symbolic link that leads to the release in service; koomyd moves it, except before it knows the app.
struct CurrentLink {
    let layout: DeployLayout

    /// What it says; nil where it is not there.
    var target: String? { SymbolicLink.target(of: layout.link) }

    /// The release that it leads to; nil where that is none of `releases`.
    var release: ReleaseID? {
        guard let target else { return nil }
        let parts = target.split(separator: "/")
        guard let name = parts.last, parts.dropLast().last == "releases" else { return nil }
        return ReleaseID(name)
    }

    /// Has it lead there, at once for all who look; nil takes it away.
    func lead(to target: String?) throws(DeployFailure) {
        do throws(SystemError) {
            if let target {
                try SymbolicLink.point(layout.link, at: target)
            } else {
                try AtomicFile.remove(layout.link)
            }
        } catch {
            throw DeployFailure(error)
        }
    }
}
