import KoomyModel
import KoomySystem

extension AppSpec {
    /// What is started: each path that goes through the release's link goes to the release itself, so that a link that
    /// leads elsewhere by now changes nothing.
    ///
    /// A release that has been removed is not missed where somebody else moves the link: it is followed then, as without
    /// one. One of koomy's own fails to start, rather than that the code of another is started under its name.
    func located() -> AppSpec {
        guard let release else { return self }
        var spec = self
        if deploy == nil, FileFacts(at: release.path) == nil {
            spec.release = presentRelease
            return spec
        }
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
    /// in a folder of koomyd's. Probes that would ask the app's own sockets ask these. It logs to one file.
    ///
    /// - Parameters:
    ///   - log: The file that it logs to, of which the last mebibyte stays.
    ///   - sockets: The folder of its Unix sockets.
    /// - Returns: The specification of the candidate.
    func rehearsed(log: String, sockets: String) -> AppSpec {
        var spec = self
        // Each has an address of its own: two of one app at the same address would be one socket, and the app itself may
        // leave its port to the kernel too.
        var hosts = (1...).lazy.map { "127.0.\($0 / 250).\($0 % 250)" }.filter { host in
            !listeners.contains { $0.address == .tcp(host: host, port: 0) }
        }
        .makeIterator()
        spec.listeners = listeners.enumerated().map { index, listener in
            var own = listener
            own.reusePort = false
            switch listener.address {
            case .tcp: own.address = .tcp(host: hosts.next() ?? "127.0.0.1", port: 0)
            case .unix: own.address = .unix(path: "\(sockets)/\(name).\(index)")
            }
            return own
        }
        spec.port = nil
        spec.readiness = readiness.rehearsed(listeners)
        spec.health = health?.rehearsed(listeners)
        spec.recycle.maxAge = nil
        spec.recycle.schedule = nil
        // Nobody outside has to notice that it leaves.
        spec.stop.preDrain = .zero
        spec.stop.preDrainHook = []
        spec.environment["KOOMY_REHEARSAL"] = "1"
        spec.logs = LogSpec()
        spec.logs.outFile = log
        spec.logs.errorFile = log
        var rotation = LogRotation()
        (rotation.size, rotation.keep) = (ByteCount(bytes: 1 << 20), 1)
        spec.logs.rotation = rotation
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
