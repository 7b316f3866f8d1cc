import KoomyModel
import KoomySystem

extension AppSpec {
    /// What is started: each path that goes through the release's link goes to the release itself, so that a link that
    /// leads elsewhere by now changes nothing.
    ///
    /// A release that has been removed is not missed: the link is followed then, as without one.
    func located() -> AppSpec {
        guard let release, FileFacts(at: release.path) != nil else { return self }
        var spec = self
        spec.workingDirectory = release.locate(workingDirectory)
        spec.command.script = release.locate(command.script)
        spec.command.interpreter = command.interpreter.map(release.locate)
        spec.command.arguments = command.arguments.map(release.locate)
        spec.command.interpreterArguments = command.interpreterArguments.map(release.locate)
        spec.environment = environment.mapValues(release.locate)
        return spec
    }

    /// The release that its link leads to at present; nil where no link leads to its code.
    ///
    /// The link is that of its `deploy` block; without one, a working directory that is a link itself, or one in its path
    /// that is called `current`.
    var presentRelease: Release? {
        guard let link = deploy?.link ?? linkOfDirectory, SymbolicLink.target(of: link) != nil,
            let path = SymbolicLink.resolve(link)
        else { return nil }
        return Release(path: path, link: link)
    }

    private var linkOfDirectory: String? {
        if SymbolicLink.target(of: workingDirectory) != nil { return workingDirectory }
        let parts = workingDirectory.split(separator: "/")
        guard let last = parts.lastIndex(of: "current") else { return nil }
        return "/" + parts[...last].joined(separator: "/")
    }

    /// What the candidate of a rehearsal is started from.
    ///
    /// Its sockets are its own and nobody knows them: TCP ports that the kernel chooses, on loopback addresses; Unix sockets
    /// beside the app's. Probes that would ask the app's own sockets ask these. It logs to one file.
    func rehearsed(log: String) -> AppSpec {
        var spec = self
        spec.listeners = listeners.enumerated().map { index, listener in
            var own = listener
            own.reusePort = false
            switch listener.address {
            // Each has an address of its own: two of one app at the same address would be one socket.
            case .tcp: own.address = .tcp(host: "127.0.0.\(index % 250 + 1)", port: 0)
            case .unix(let path): own.address = .unix(path: path + "~")
            }
            return own
        }
        spec.port = nil
        spec.readiness = readiness.rehearsed(listeners)
        spec.health = health?.rehearsed(listeners)
        spec.recycle.maxAge = nil
        spec.recycle.schedule = nil
        spec.environment["KOOMY_REHEARSAL"] = "1"
        spec.logs = LogSpec()
        spec.logs.outFile = log
        spec.logs.errorFile = log
        spec.logs.rotation = nil
        return spec
    }
}

extension ReadinessRule {
    fileprivate func rehearsed(_ listeners: [ListenerSpec]) -> ReadinessRule {
        guard case .probe(let probe) = self else { return self }
        return .probe(probe.rehearsed(listeners))
    }
}

extension Probe {
    fileprivate func rehearsed(_ listeners: [ListenerSpec]) -> Probe {
        var probe = self
        switch kind {
        case .http(let target, let path, let status):
            probe.kind = .http(target: target.rehearsed(listeners), path: path, status: status)
        case .tcp(let target): probe.kind = .tcp(target: target.rehearsed(listeners))
        case .exec: break
        }
        return probe
    }
}

extension Probe.Target {
    fileprivate func rehearsed(_ listeners: [ListenerSpec]) -> Probe.Target {
        let meant = listeners.first { listener in
            switch (self, listener.address) {
            case (.port(let port, perSlot: false), .tcp(_, let own)): port == own
            case (.unix(let path), .unix(let own)): path == own
            case (.port, _), (.unix, _), (.privateSocket, _), (.listener, _): false
            }
        }
        return meant.map { Probe.Target.listener(name: $0.name) } ?? self
    }
}
