import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

// MARK: - Which app, and how it is deployed

extension Deployment {
    func find() throws(DeployFailure) -> DeployTarget {
        let name = wish.app
        let given = wish.file.map { StartWord.absolutePath(of: $0, from: Environment.workingDirectory()) }
        let known: AppView?
        do throws(ClientError) {
            known = try client.app(name.text)
        } catch .refused(let error, _) where error.code == Outcome.noSuchApp.rawValue {
            known = nil
        } catch .noDaemon where given != nil {
            known = nil
        } catch {
            throw DeployFailure(error.view)
        }
        if let file = known?.file {
            if let given, given != file {
                session.note("\(name.text) is known from \(file), which counts; --file is for the first deployment")
            }
            return try DeployTarget.read(name, from: file, isKnown: true, session.environment)
        }
        guard let given else { throw DeployFailure(unknown(isThere: known != nil)) }
        return try DeployTarget.read(name, from: given, isKnown: known != nil, session.environment)
    }

    /// Has the user's own koomyd run before anything is prepared for it.
    func ensureDaemon() throws(DeployFailure) {
        do throws(ClientError) {
            _ = try client.status()
        } catch .noDaemon where session.options.socketPath == nil {
            if let failure = session.launchDaemon(client) { throw DeployFailure(failure) }
        } catch {
            throw DeployFailure(error.view)
        }
    }

    private func unknown(isThere: Bool) -> ErrorView {
        let name = wish.app.text
        if isThere {
            return ErrorView(.badConfiguration, message: "koomyd has no file for \(name)", hint: "name it with --file")
        }
        var error = session.unknownApp(name, among: (try? client.status().apps) ?? [])
        error.hint = error.hint ?? "the first deployment names the ecosystem file: --file FILE"
        return error
    }

    /// The app as the new release's own ecosystem file describes it, where it has one.
    ///
    /// Whatever the file was called so far, one that lies in the release is read by way of the link from now on.
    func described(
        by release: String,
        _ target: DeployTarget,
        _ source: ReleaseSource?
    ) throws(DeployFailure) -> DeployTarget {
        let link = target.deploy.link
        var found = target
        if let inside = try insidePath(of: target, in: release, source) {
            found = try DeployTarget.read(
                wish.app,
                from: "\(link)/\(inside)",
                in: "\(release)/\(inside)",
                isKnown: target.isKnown,
                session.environment
            )
        }
        guard found.deploy.root == target.deploy.root else {
            throw DeployFailure(
                .badConfiguration,
                "the new release has another deploy path, \(found.deploy.root), than \(target.deploy.root)",
                hint: "make it absolute; to move an app, delete it first"
            )
        }
        guard found.leadsThroughLink() else {
            throw DeployFailure(
                .badConfiguration,
                "nothing of \(wish.app.text) leads through \(link), so a new release would change nothing",
                hint: "in \(found.file): cwd: \(link)"
            )
        }
        return found
    }

    /// Where in a release the ecosystem file is; nil where it is somewhere else.
    private func insidePath(
        of target: DeployTarget,
        in release: String,
        _ source: ReleaseSource?
    ) throws(DeployFailure) -> String? {
        let link = target.deploy.link + "/"
        if target.file.hasPrefix(link) {
            let inside = String(target.file.dropFirst(link.count))
            guard Files.isRegular("\(release)/\(inside)") else {
                throw DeployFailure(
                    .badConfiguration,
                    "the new release has no \(inside), which is the ecosystem file of \(wish.app.text)",
                    hint: "add it; or koomyctl start another file first"
                )
            }
            return inside
        }
        guard !target.isKnown, let source else { return nil }
        let file = try tools.realPath(of: target.file)
        switch source.kind {
        case .folder, .git:
            guard file.hasPrefix(source.path + "/") else { return nil }
            let inside = String(file.dropFirst(source.path.count + 1))
            return Files.isRegular("\(release)/\(inside)") ? inside : nil
        case .tarball:
            // A file of the same name and text at its top is the same file.
            guard let name = file.split(separator: "/").last.map(String.init),
                let packed = try? WholeFile.read("\(release)/\(name)"), packed == (try? WholeFile.read(file))
            else { return nil }
            return name
        }
    }
}
