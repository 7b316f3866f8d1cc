import KoomyModel

// MARK: - How new code gets onto the host

extension AppReader {
    /// A host with more releases than this has forgotten to tidy up.
    private static let mostReleases: Int64 = 1_000

    /// Package managers fetch over slow lines.
    private static let buildTimeout = TimeSpan.seconds(15 * 60)

    private static let hookTimeout = TimeSpan.seconds(60)

    func deploy() -> DeploySpec? {
        guard let field = fields[.deploy] else { return nil }
        if field.isFalse { return nil }
        guard let pairs = field.pairs else {
            field.mismatch("a mapping", example: "{path: /srv/api}")
            return nil
        }
        let keys = field.fields(pairs, of: "deploy", as: DeployAttribute.self)
        let root = keys[.path].flatMap(root)
        if keys[.path] == nil {
            keys.fail(
                "\"\(field.name)\" has no path",
                hint: "name the folder of the releases, for example path: /srv/api"
            )
        }
        // The rest is checked all the same.
        var deploy = DeploySpec(root: root ?? "/srv/unnamed")
        deploy.keep = keys[.keep]?.integer(in: 1...Self.mostReleases, example: "5").map(Int.init) ?? deploy.keep
        deploy.build = task(keys[.build], timeout: Self.buildTimeout)
        deploy.shared = keys[.shared].map(sharedPaths) ?? []
        deploy.rehearsal = rehearsal(keys[.rehearse])
        deploy.before = task(keys[.preDeploy], timeout: Self.hookTimeout)
        deploy.after = task(keys[.postDeploy], timeout: Self.hookTimeout)
        deploy.onFailure = task(keys[.onFailure], timeout: Self.hookTimeout)
        return root == nil ? nil : deploy
    }

    private func root(_ field: Field) -> String? {
        guard let path = path(field, from: paths.folder, example: "/srv/api") else { return nil }
        guard path != "/" else {
            field.fail("\"\(field.name)\" is the folder of one app, not /", hint: "for example \(field.name): /srv/api")
            return nil
        }
        return path
    }

    /// A text is for the shell, a list for the program that it names; nil for nothing to run.
    private func task(_ field: Field?, timeout: TimeSpan) -> DeploySpec.Task? {
        guard let field, !field.isFalse else { return nil }
        guard let pairs = field.pairs else {
            return arguments(of: field).map { DeploySpec.Task(arguments: $0, timeout: timeout) }
        }
        let keys = field.fields(pairs, of: field.name, as: TaskAttribute.self)
        let limit = keys[.timeout]?.duration(warnsIfShort: true, example: "5m") ?? timeout
        guard let command = keys[.command] else {
            keys.fail(
                "\"\(field.name)\" has no command",
                hint: "for example \(field.name): {command: npm ci, timeout: 5m}"
            )
            return nil
        }
        return arguments(of: command).map { DeploySpec.Task(arguments: $0, timeout: limit) }
    }

    private func arguments(of field: Field) -> [String]? {
        if case .sequence = field.node.content {
            guard let words = field.words() else { return nil }
            if words.first?.isEmpty == false { return words }
            field.fail("\"\(field.name)\" runs no program", hint: "for example \(field.name): [npm, ci]")
            return nil
        }
        let expected = "a command, or a list of its words"
        guard case .string? = field.node.scalar?.value else {
            field.mismatch(expected, example: "npm ci")
            return nil
        }
        return field.text(expected, example: "npm ci").map { ["/bin/sh", "-c", $0] }
    }
}

// MARK: - What releases share, and what they have to pass

extension AppReader {
    private func sharedPaths(_ field: Field) -> [String] {
        var found: [String] = []
        for item in field.items {
            guard let text = item.text("a path below shared/", example: "uploads") else { continue }
            let parts = text.split(separator: "/").filter { $0 != "." }
            let path = parts.joined(separator: "/")
            if text.hasPrefix("/") || text.hasPrefix("~") || parts.contains("..") || path.isEmpty {
                item.fail(
                    "\"\(text)\" is not a path below shared/",
                    hint: "as it is in a release too, for example shared: [.env, uploads]"
                )
            } else if let other = found.first(where: {
                ($0 + "/").hasPrefix(path + "/") || (path + "/").hasPrefix($0 + "/")
            }) {
                item.fail("\"\(text)\" is in \"\(other)\", or the other way round", hint: "keep the outer one")
            } else {
                found.append(path)
            }
        }
        return found
    }

    /// `false` for none; what is not named keeps its default.
    private func rehearsal(_ field: Field?) -> DeploySpec.Rehearsal? {
        var rehearsal = DeploySpec.Rehearsal()
        guard let field else { return rehearsal }
        if case .bool(let isWanted)? = field.node.scalar?.value { return isWanted ? rehearsal : nil }
        guard let pairs = field.pairs else {
            field.mismatch("true, false or a mapping", example: "{paths: [/health]}")
            return rehearsal
        }
        let keys = field.fields(pairs, of: field.name, as: RehearseAttribute.self)
        rehearsal.timeout = keys[.timeout]?.duration(warnsIfShort: true, example: "5s") ?? rehearsal.timeout
        for item in keys[.paths]?.items ?? [] {
            guard let path = item.text("a path", example: "[/health]") else { continue }
            if path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
                rehearsal.paths.append(path)
            } else {
                item.fail("\"\(path)\" is not the path of a URL", hint: "for example paths: [/health]")
            }
        }
        return rehearsal
    }
}
