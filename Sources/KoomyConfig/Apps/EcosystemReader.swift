import KoomyModel

/// The keys at the top of a file that holds several apps.
enum RootAttribute: String, Vocabulary {
    case apps, pm2, deploy
    case `static`
    /// Names a schema for editors.
    case schema = "$schema"
}

/// Reads the tree of a file: its apps, and what they may not share.
struct EcosystemReader {
    let report: Report
    let context: LoadContext
    let paths: PathResolver

    func read(_ root: Node) -> [AppSpec] {
        let nodes: [(node: Node, path: String)]
        switch root.content {
        case .sequence(let items): nodes = items.enumerated().map { ($1, "[\($0)]") }
        case .mapping(let pairs): nodes = apps(in: pairs, root: root)
        case .scalar:
            report.error(
                at: root.place,
                "an ecosystem file is a mapping or a list, not \(root.summary)",
                hint: Self.example
            )
            return []
        }
        if nodes.isEmpty, !report.hasErrors {
            report.error(at: root.place, "no app is described", hint: Self.example)
        }
        let readers = nodes.compactMap { reader($0.node, path: $0.path) }
        let results = readers.compactMap { $0.read() }
        checkNames(results)
        checkAddresses(results)
        checkLogFiles(results)
        checkEnvironment(readers, root: root)
        return results.map(\.spec)
    }

    private static let example = "for example apps: [{script: ./server}]"

    private func reader(_ node: Node, path: String) -> AppReader? {
        guard case .mapping(let pairs) = node.content else {
            report.error(at: node.place, path: path, "an app is a mapping, not \(node.summary)", hint: Self.example)
            return nil
        }
        return AppReader(pairs, path: path, place: node.place, reader: self)
    }

    /// The apps of a mapping, which may be the only app itself.
    private func apps(in pairs: [Node.Pair], root: Node) -> [(node: Node, path: String)] {
        let known = Set(pairs.map { Spelling.snakeCase($0.key) })
        guard !known.contains("apps"), !known.contains("pm2") else { return apps(of: pairs, root: root) }
        let appNames = AppAttribute.names
        if known.contains(where: { appNames[$0] != nil }) { return [(root, "")] }
        return apps(of: pairs, root: root)
    }

    private func apps(of pairs: [Node.Pair], root: Node) -> [(node: Node, path: String)] {
        let appNames = AppAttribute.names
        let keys = Fields<RootAttribute>(pairs, of: "a file", path: "", place: root.place, report: report) {
            pair,
            name in
            guard appNames[name] != nil else { return false }
            report.error(
                at: pair.keyPlace,
                path: pair.key,
                "\"\(pair.key)\" is an attribute of an app, and stands beside the list of apps",
                hint: "move it into an app"
            )
            return true
        }
        passOver(keys)
        if let pm2 = keys[.pm2], let apps = keys[.apps] {
            let other = apps.keyPlace
            report.error(
                at: pm2.keyPlace,
                path: "pm2",
                "\"pm2\" and \"apps\" are two names of one list",
                hint: "keep apps; it is at \(other.line):\(other.column)"
            )
        }
        return (keys[.apps] ?? keys[.pm2])?.items.map { ($0.node, $0.path) } ?? []
    }
}

extension EcosystemReader {
    private func passOver(_ keys: Fields<RootAttribute>) {
        if let field = keys[.deploy] {
            report.warning(
                at: field.keyPlace,
                path: field.path,
                "\"\(field.name)\" beside the apps has no effect: it is how pm2 deploy reaches other hosts",
                hint: "give an app its own deploy: {path: /srv/NAME}, and run koomyctl deploy on the host"
            )
        }
        if let field = keys[.static] {
            report.warning(
                at: field.keyPlace,
                path: field.path,
                "\"\(field.name)\" has no effect: koomy starts apps and nothing else"
            )
        }
    }
}

// MARK: - What apps may not share

extension EcosystemReader {
    private func checkNames(_ results: [AppReader.Result]) {
        var places: [AppName: SourceText.Place] = [:]
        for result in results {
            guard let first = places[result.spec.name] else {
                places[result.spec.name] = result.namePlace
                continue
            }
            report.error(
                at: result.namePlace,
                path: result.path + ".name",
                "two apps have the name \"\(result.spec.name)\"",
                hint: "the first is at \(first.line):\(first.column); give each its own name:"
            )
        }
    }

    private func checkAddresses(_ results: [AppReader.Result]) {
        /// By port or path: only there can two exclude one another.
        var taken: [String: [(listener: PlacedListener, app: AppName)]] = [:]
        for result in results {
            for listener in result.listeners {
                let address = listener.spec.address
                let key =
                    switch address {
                    case .tcp(_, let port): "\(port)"
                    case .unix(let path): path
                    }
                if let other = taken[key]?.first(where: { $0.listener.spec.address.excludes(address) }) {
                    let place = other.listener.place
                    report.error(
                        at: listener.place,
                        path: listener.path,
                        "\(address) is taken by \(other.listener.spec.address) of \"\(other.app)\"",
                        hint: "that one is at \(place.line):\(place.column)"
                    )
                } else {
                    taken[key, default: []].append((listener, result.spec.name))
                }
            }
        }
    }

    /// An environment that no app has is misspelt; one that only some apps have is said.
    private func checkEnvironment(_ readers: [AppReader], root: Node) {
        guard let name = context.environmentName, !readers.isEmpty else { return }
        let known = Set(readers.flatMap { $0.environments.keys })
        guard known.contains(name) else {
            let suggestion = Spelling.suggestion(for: name, among: known.sorted())
            let list = known.isEmpty ? "no app has such a block" : "known are \(known.sorted().joined(separator: ", "))"
            report.error(
                at: root.place,
                "no app has env_\(name)",
                hint: suggestion.map { "did you mean the environment \"\($0)\"?" } ?? list
            )
            return
        }
        for reader in readers where !reader.environments.isEmpty && reader.environments[name] == nil {
            report.warning(
                at: reader.fields.place,
                path: reader.fields.path,
                "this app has no env_\(name), only its env is used"
            )
        }
    }
}
