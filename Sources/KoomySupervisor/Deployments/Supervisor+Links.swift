import KoomyCore
import KoomyModel
import KoomySystem
import KoomyWire

/// The links that stand for releases.
extension Supervisor {
    /// Has the links of releases that are put in service by this state lead to them.
    ///
    /// - Throws: Where one cannot be moved; it is tried again with the next write of the state.
    func followReleases(_ desired: DesiredState) throws(SystemError) {
        for app in desired.apps {
            guard let release = app.spec.release, release.link == app.spec.deploy?.link,
                fleet.durable[app.spec.name]?.spec.release?.path != release.path,
                SymbolicLink.resolve(release.link) != release.path
            else { continue }
            try SymbolicLink.point(release.link, at: release.relativePath)
        }
    }

    /// Moves the links that a koomyd which died had not moved yet, and says which others lead elsewhere than to what serves.
    func checkLinks() {
        for app in fleet.desired.apps {
            guard let release = app.spec.release, release.link == app.spec.deploy?.link,
                SymbolicLink.resolve(release.link) != release.path
            else { continue }
            // One that was moved since then was moved by somebody who wanted it.
            let last = deploymentLog.history(of: app.spec.name).first {
                $0.to?.path == release.path && $0.outcome == "done"
            }
            if let last, FileFacts(at: release.link).map({ $0.modified.milliseconds < last.beganAt }) ?? true {
                attempt("lead \(release.link) to \(release.path)") { () throws(SystemError) in
                    try SymbolicLink.point(release.link, at: release.relativePath)
                }
                continue
            }
            log.warning(
                "\(app.spec.name) is served from \(release.path), and \(release.link) leads elsewhere; "
                    + "koomyctl reload \(app.spec.name) takes what it leads to"
            )
        }
    }
}

extension Release {
    /// Its path as seen from the folder of its link, so that both can be moved together.
    fileprivate var relativePath: String {
        let folder = link.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" } + "/"
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
    }
}
