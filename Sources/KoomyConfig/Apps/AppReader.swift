import KoomyModel

/// Reads one app of an ecosystem file.
struct AppReader {
    let fields: Fields<AppAttribute>
    /// The `env_<name>` blocks by their names.
    let environments: [String: Field]
    let report: Report
    let context: LoadContext
    let paths: PathResolver

    init(_ pairs: [Node.Pair], path: String, place: SourceText.Place, reader: EcosystemReader) {
        report = reader.report
        context = reader.context
        paths = reader.paths
        let report = reader.report
        let ignored = IgnoredAttribute.names
        var environments: [String: Field] = [:]
        fields = Fields(
            pairs,
            of: "an app",
            path: path,
            place: place,
            report: report,
            alsoKnown: Array(ignored.keys)
        ) { pair, name in
            let path = path.isEmpty ? pair.key : path + "." + pair.key
            if pair.key.hasPrefix("env_"), pair.key.count > 4 {
                environments[String(pair.key.dropFirst(4))] = Field(
                    name: pair.key,
                    path: path,
                    node: pair.value,
                    keyPlace: pair.keyPlace,
                    report: report
                )
                return true
            }
            guard let attribute = ignored[name] else { return false }
            Self.pass(over: attribute, pair, path: path, report: report)
            return true
        }
        self.environments = environments
    }

    /// An app, and where the parts stand that are compared with those of others.
    struct Result {
        let spec: AppSpec
        let namePlace: SourceText.Place
        let listeners: [PlacedListener]
        let logFiles: [PlacedLogFile]
        let path: String
    }

    /// Reads every attribute; nil where there is no name or no program.
    func read() -> Result? {
        let folder = workingDirectory()
        let command = command(in: folder)
        let named = name(script: command?.script)
        let instances = instances()
        let listeners = listeners(in: folder)
        let surroundings = Surroundings(listeners: listeners, instances: instances, folder: folder)
        let health = health(surroundings)
        let readiness = readiness(surroundings, interpreter: command?.interpreter)
        // A name or program that could not be read has been reported; the rest is checked with a stand-in.
        guard let name = named?.name ?? AppName("unnamed") else { return nil }
        var spec = AppSpec(
            name: name,
            command: command ?? Command(script: ""),
            workingDirectory: folder,
            environment: environment(),
            instances: instances,
            listeners: listeners.map(\.spec),
            readiness: readiness,
            health: health
        )
        spec.restart = restart()
        spec.stop = stop()
        spec.rollout = rollout(instances: instances)
        spec.recycle = recycle()
        spec.deploy = deploy()
        spec.identity = identity()
        spec.attributes = processAttributes()
        spec.watchdog = fields[.watchdog]?.duration(warnsIfShort: true, example: "30s")
        spec.logs = logs(of: name, in: folder)
        spec.slotVariable = slotVariable() ?? spec.slotVariable
        spec.port = port(of: spec)
        spec.startsAutomatically = fields[.autostart]?.flag() ?? true
        checkPlaceholders(of: spec)
        checkDescriptor(of: spec)
        checkMode(of: spec)
        guard let named, command != nil else { return nil }
        return Result(
            spec: spec,
            namePlace: named.place,
            listeners: listeners,
            logFiles: logFiles(of: spec, namePlace: named.place),
            path: fields.path
        )
    }

    private static func pass(over attribute: IgnoredAttribute, _ pair: Node.Pair, path: String, report: Report) {
        if pair.value.isNull || pair.value.scalar?.text == attribute.harmlessValue { return }
        report.warnOnce(
            about: attribute.rawValue,
            at: pair.keyPlace,
            path: path,
            "\"\(pair.key)\" has no effect: \(attribute.reason)"
        )
    }
}

/// What the attributes that speak of sockets are seen against.
struct Surroundings {
    let listeners: [PlacedListener]
    let instances: Int
    let folder: String
}
