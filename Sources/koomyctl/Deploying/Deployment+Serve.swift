import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

// MARK: - Having a release serve

extension Deployment {
    func askKoomyd(for release: Release) -> Int32 {
        let path = SymbolicLink.resolve(release.path) ?? release.path
        let view = ReleaseView(
            id: release.id.text,
            path: path,
            revision: release.revision,
            preparedAt: release.preparedAt
        )
        let request = DeployRequest(
            app: wish.app.text,
            release: view,
            rehearse: wish.rehearses ? nil : false,
            canary: wish.hasCanary ? nil : false
        )
        let code: Int32
        do throws(ClientError) {
            code = try session.result("deploy", .deploy(request), client).code
        } catch {
            code = fail(DeployFailure(error.view))
        }
        tidy(after: code, release)
        return code
    }

    /// koomyd does not know the app yet: nothing serves that could be lost, and there is nothing to go back to.
    func startFirst(_ release: Release) -> Int32 {
        let link = CurrentLink(layout: release.target.layout)
        let before = link.target
        do throws(DeployFailure) {
            try link.lead(to: "releases/\(release.id.text)")
        } catch {
            if release.isNew { removeQuietly(release) }
            return fail(error)
        }
        let request = StartRequest(file: release.target.file, only: [wish.app.text])
        let code: Int32
        do throws(ClientError) {
            code = try session.result("deploy", .start(request), client).code
        } catch {
            code = fail(DeployFailure(error.view))
        }
        if !Self.isSuccess(code), !Self.mayGoOn(code) {
            _ = try? client.command(.delete(TargetsRequest(targets: [wish.app.text])))
            do throws(DeployFailure) {
                try link.lead(to: before)
            } catch {
                session.note("\(link.layout.link) still leads to \(release.id.text): \(error.error.message)")
            }
        }
        tidy(after: code, release)
        return code
    }

    private static func isSuccess(_ code: Int32) -> Bool {
        code == ExitCode.done.rawValue || code == ExitCode.drainForced.rawValue
    }

    /// Whether koomyd may still be at it: what it works with is left alone.
    private static func mayGoOn(_ code: Int32) -> Bool {
        code == ExitCode.timedOut.rawValue || code == ExitCode.noDaemon.rawValue
    }

    /// Removes old releases after a success, and the release that failed.
    private func tidy(after code: Int32, _ release: Release) {
        if Self.isSuccess(code) {
            removeOld(release)
        } else if release.isNew, Self.mayGoOn(code) {
            session.note("koomyd may go on with release \(release.id.text), which stays")
        } else if release.isNew, wish.keepsFailed {
            session.note("release \(release.id.text) stays; try it again with --release \(release.id.text)")
        } else if release.isNew {
            removeQuietly(release)
        }
    }

    /// Removes a release unless something still runs from it.
    func removeQuietly(_ release: Release) {
        var tools = tools
        tools.interruption = nil
        let layout = release.target.layout
        guard isFree(release) else {
            session.note("release \(release.id.text) stays: it may still be in use")
            return
        }
        do throws(DeployFailure) {
            try ReleaseFolders(layout: layout, tools: tools).remove(release.id)
        } catch {
            session.note("cannot remove release \(release.id.text): \(error.error.message)")
        }
    }

    /// Waits for workers of a release that are leaving it.
    private func isFree(_ release: Release) -> Bool {
        let layout = release.target.layout
        let deadline = MonotonicClock.now() + release.target.app.stop.killTimeout + TimeSpan.seconds(2)
        while true {
            guard let used = inUse(layout), CurrentLink(layout: layout).release != release.id else { return false }
            guard used.contains(release.id) else { return true }
            guard MonotonicClock.now() < deadline else { return false }
            _ = try? Poll.wait([], atMost: .milliseconds(20))
        }
    }

    private func removeOld(_ release: Release) {
        let layout = release.target.layout
        guard var needed = inUse(layout) else { return }
        needed.insert(release.id)
        let history = (try? client.deployments(of: wish.app.text))?.deployments ?? []
        let last = history.first { $0.outcome == Outcome.done.rawValue || $0.outcome == Outcome.drainForced.rawValue }
        if let target = last?.from.flatMap({ ReleaseID($0.id) }) { needed.insert(target) }
        let folders = ReleaseFolders(layout: layout, tools: tools)
        let surplus = ReleaseRetention.surplus(
            folders.complete,
            keep: release.target.deploy.keep,
            needed: needed
        )
        do throws(DeployFailure) {
            for id in surplus { try folders.remove(id) }
            if !surplus.isEmpty, !session.options.json {
                let count = Quantity.counted(surplus.count, "old release")
                session.note("removed \(count): \(surplus.map(\.text).joined(separator: ", "))")
            }
        } catch {
            session.note("cannot remove an old release: \(error.error.message)")
        }
    }

    /// The releases that a worker of any app runs from, and the one that the link leads to; nil where that is not known.
    private func inUse(_ layout: DeployLayout) -> Set<ReleaseID>? {
        var found: Set<ReleaseID> = []
        if let current = CurrentLink(layout: layout).release { found.insert(current) }
        let apps: [AppView]
        do throws(ClientError) {
            apps = try client.status().apps
        } catch .noDaemon {
            // No workers that koomyd has; those of one that has died are found by their folders.
            return found.union(ReleaseFolders.occupied(layout))
        } catch {
            return nil
        }
        for worker in apps.flatMap(\.workers) {
            if let id = worker.release.flatMap({ ReleaseID($0.id) }) { found.insert(id) }
        }
        return found.union(ReleaseFolders.occupied(layout))
    }
}
