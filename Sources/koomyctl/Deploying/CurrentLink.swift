import Glibc
import KoomySystem

/// The symbolic link that leads to the release in service; koomyd moves it, except before it knows the app.
struct CurrentLink {
    let layout: DeployLayout

    /// What it says; nil where it is not there.
    var target: String? {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let length = readlink(layout.link, &buffer, buffer.count)
        guard length > 0 else { return nil }
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The release that it leads to; nil where that is none of `releases`.
    var release: ReleaseID? {
        guard let target else { return nil }
        let parts = target.split(separator: "/")
        guard let name = parts.last, parts.dropLast().last == "releases" else { return nil }
        return ReleaseID(name)
    }

    /// Has it lead there, at once for all who look.
    func lead(to target: String, _ tools: DeployTools) throws(DeployFailure) {
        let temporary = "\(layout.root)/.current-new"
        try tools.run(["ln", "--symbolic", "--force", "--no-dereference", "--", target, temporary])
        do {
            try AtomicFile.rename(temporary, to: layout.link)
            try AtomicFile.syncFolder(of: layout.link)
        } catch {
            throw DeployFailure(error)
        }
    }

    /// Has it be as it was: another target, or not there at all.
    func restore(_ target: String?, _ tools: DeployTools) throws(DeployFailure) {
        if let target { return try lead(to: target, tools) }
        do {
            try AtomicFile.remove(layout.link)
        } catch {
            throw DeployFailure(error)
        }
    }
}
