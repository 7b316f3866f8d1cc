import Glibc
import KoomyModel
import KoomySystem
import KoomyWire

// MARK: - A release on disk

extension Deployment {
    func prepare(_ target: DeployTarget) throws(DeployFailure) -> Release {
        if case .release(let id) = wish.source { return try prepared(id, target) }
        let layout = target.layout
        let folders = ReleaseFolders(layout: layout, tools: tools)
        let source = try steps.perform("reading", "reads the source") { () throws(DeployFailure) -> ReleaseSource in
            try self.source(target)
        }
        try FreeSpace.check(source.size, in: layout.releases)
        try SharedLinks(layout: layout, paths: target.deploy.shared).check()
        let id = ReleaseID(
            milliseconds: WallClock.now().nanoseconds / 1_000_000,
            revision: source.revision,
            after: folders.complete
        )
        tools.mark = "\(layout.root) \(id.text)"
        defer { tools.mark = nil }
        do throws(DeployFailure) {
            try folders.begin(id)
            let target = try fill(id, from: source, target)
            try link(id, target)
            try build(id, source, target)
            let now = WallClock.now().nanoseconds / 1_000_000
            try steps.perform("finishing", "writes release \(id.text) to the disk") { () throws(DeployFailure) in
                try record(id, source, at: now).write(to: layout.record(id))
                try folders.complete(id)
            }
            steps.tell(
                "prepared",
                "release \(id.text) is prepared" + (steps.summary.isEmpty ? "" : ": \(steps.summary)")
            )
            return Release(target: target, id: id, revision: source.revision, preparedAt: now, isNew: true)
        } catch {
            discard(id, layout)
            throw error
        }
    }

    /// A release that is there already.
    private func prepared(_ id: ReleaseID, _ target: DeployTarget) throws(DeployFailure) -> Release {
        let folders = ReleaseFolders(layout: target.layout, tools: tools)
        let there = folders.complete
        guard there.contains(id) else {
            let list = there.isEmpty ? "there is none" : "there are \(there.map(\.text).joined(separator: ", "))"
            throw DeployFailure(.usage, "\(target.layout.releases) has no release \(id.text)", hint: list)
        }
        let path = target.layout.release(id)
        let target = try described(by: path, target, nil)
        let record = ReleaseRecord.read(target.layout.record(id))
        return Release(
            target: target,
            id: id,
            revision: record?.revision,
            preparedAt: record?.preparedAt,
            isNew: false
        )
    }

    func source(_ target: DeployTarget) throws(DeployFailure) -> ReleaseSource {
        switch wish.source {
        case .release(let id): throw DeployFailure(.usage, "\(id.text) is a release already")
        case .path(let path):
            if Files.isFolder(path) {
                let root =
                    Files.exists(target.deploy.root) ? try tools.realPath(of: target.deploy.root) : target.deploy.root
                return try ReleaseSource.folder(path, name: path, outside: root, tools)
            }
            guard Files.isRegular(path) else {
                let what = Files.exists(path) ? "is neither a folder nor a file" : "is not there"
                throw DeployFailure(.badConfiguration, "\(path) \(what)")
            }
            return try ReleaseSource.tarball(path, name: path, tools)
        case .git(let reference, let repository):
            return try ReleaseSource.git(reference, of: repository ?? ownRepository(target), target.layout, tools)
        }
    }

    /// Where the ecosystem file is, unless that is a release; else where koomyctl was called.
    private func ownRepository(_ target: DeployTarget) -> String {
        let folder = target.file.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        guard !target.file.hasPrefix(target.deploy.root + "/"),
            (try? ReleaseSource.topFolder(of: folder, tools)) != nil
        else { return "." }
        return folder
    }

    private func record(_ id: ReleaseID, _ source: ReleaseSource, at now: Int64) -> ReleaseRecord {
        let account = try? Accounts.user(number: ThisProcess.userID)
        return ReleaseRecord(
            id: id.text,
            revision: source.revision,
            source: source.name,
            preparedAt: now,
            by: session.environment["SUDO_USER"] ?? account?.name ?? "\(ThisProcess.userID)",
            steps: steps.taken
        )
    }
}

// MARK: - Its steps

extension Deployment {
    private func fill(
        _ id: ReleaseID,
        from source: ReleaseSource,
        _ target: DeployTarget
    ) throws(DeployFailure) -> DeployTarget {
        let layout = target.layout
        let scratch = layout.incoming(id)
        let release = layout.release(id)
        let what = "\(source.verb.replacing("_", with: " ")) \(source.name), \(Quantity.bytes(source.size))"
        try steps.perform(source.verb, "\(what), revision \(source.revision.prefix(12))") { () throws(DeployFailure) in
            let content = "\(scratch)/content"
            try source.fill(content, scratch: scratch, tools)
            let top = source.kind == .tarball ? try onlyFolder(in: content) : nil
            // Those who run as other users have to get into it, whatever the source lets them.
            try tools.run(["chmod", "u+rwx,go+rx", "--", top ?? content])
            do throws(SystemError) {
                try AtomicFile.renameToNew(top ?? content, release)
            } catch {
                throw DeployFailure(error)
            }
        }
        return try described(by: release, target, source)
    }

    /// `git archive --prefix` and most who pack by hand put everything into one folder.
    private func onlyFolder(in content: String) throws(DeployFailure) -> String? {
        do throws(SystemError) {
            let names = try Folder.names(in: content).filter { $0 != "." && $0 != ".." }
            guard names.count == 1, let name = names.first else { return nil }
            let path = "\(content)/\(name)"
            var status = stat()
            return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR ? path : nil
        } catch {
            throw DeployFailure(error)
        }
    }

    private func link(_ id: ReleaseID, _ target: DeployTarget) throws(DeployFailure) {
        let links = SharedLinks(layout: target.layout, paths: target.deploy.shared)
        guard !links.paths.isEmpty else { return }
        // The file of the new release may name others than the one before.
        try links.check()
        let names = links.paths.joined(separator: ", ")
        let replaced = try steps.perform("linking", "links what is shared: \(names)") {
            () throws(DeployFailure) -> [String] in
            try links.make(in: target.layout.release(id), tools)
        }
        for path in replaced { steps.tell("replaced", "the release's own \(path) gives way to the shared one") }
    }

    private func build(_ id: ReleaseID, _ source: ReleaseSource, _ target: DeployTarget) throws(DeployFailure) {
        guard let task = target.deploy.build else { return }
        let build = ReleaseBuild(
            app: target.app,
            task: task,
            id: id,
            release: target.layout.release(id),
            revision: source.revision,
            logPath: target.layout.buildLog(id),
            tools: tools
        )
        let command =
            task.arguments.first == "/bin/sh" ? task.arguments.last ?? "" : task.arguments.joined(separator: " ")
        try steps.perform("building", "builds: \(command)") { () throws(DeployFailure) in
            try build.run(onLine: steps.tell(buildLine:))
        }
    }

    /// Takes away what a failure has left, or keeps it for a look.
    private func discard(_ id: ReleaseID, _ layout: DeployLayout) {
        var tools = tools
        // The signal that ended it must not end this.
        tools.interruption = nil
        let folders = ReleaseFolders(layout: layout, tools: tools)
        do throws(DeployFailure) {
            guard wish.keepsFailed, let kept = try folders.setAside(id) else { return try folders.remove(id) }
            session.note("what failed is in \(kept), until the next deployment")
        } catch {
            session.note("cannot remove \(layout.release(id)): \(error.error.message)")
        }
    }
}
