import KoomyModel

// MARK: - Who a worker is, and what it may use

/// PM2's ways to share a port; koomy has one way for every language.
private enum ExecMode: String, CaseIterable {
    case fork, cluster
    case forkMode = "fork_mode"
    case clusterMode = "cluster_mode"
}

extension AppReader {
    func identity() -> Identity {
        Identity(user: fields[.user]?.account(example: "www-data"), group: fields[.group]?.account(example: "www-data"))
    }

    func processAttributes() -> ProcessAttributes {
        var attributes = ProcessAttributes()
        attributes.umask = fields[.umask]?.octal(upTo: 0o777, example: #""027""#)
        attributes.nice = fields[.nice]?.integer(Int32(-20)...19, example: "5")
        attributes.oomScoreAdjust = fields[.oomScoreAdj]?.integer(Int32(-1000)...1000, example: "200")
        attributes.noNewPrivileges = fields[.noNewPrivs]?.flag() ?? false
        attributes.limits = limits()
        return attributes
    }

    /// What PM2's modes ask for that the file does not give in koomy's way.
    func checkMode(of spec: AppSpec) {
        if let field = fields[.execMode], let mode = field.word(ExecMode.self) {
            switch mode {
            case .fork, .forkMode: break
            case .cluster, .clusterMode:
                guard spec.listeners.isEmpty else { break }
                field.warn(
                    "there is no cluster mode: workers share the sockets of \"listen\", in any language",
                    hint: "add listen: with the app's port, and let the program listen on {fd}"
                )
            }
        }
        if let field = fields[.incrementVar] {
            field.fail(
                "the environment is the same for all workers",
                hint: "give the app a listener, which its workers share, or use {slot} in args"
            )
        }
    }
}

// MARK: - Limits

extension AppReader {
    private func limits() -> [ResourceLimit] {
        guard let field = fields[.limits] else { return [] }
        guard let pairs = field.pairs else {
            field.mismatch("a mapping", example: "{nofile: 65536}")
            return []
        }
        var limits: [ResourceLimit] = []
        for pair in pairs {
            let path = field.path + "." + pair.key
            guard let resource = ResourceLimit.Resource(rawValue: pair.key) else {
                let known = ResourceLimit.Resource.allCases.map(\.rawValue)
                report.error(
                    at: pair.keyPlace,
                    path: path,
                    "unknown limit \(Scalar(text: pair.key, value: .string).quotedText)",
                    hint: Spelling.suggestion(for: pair.key, among: known).map { "did you mean \"\($0)\"?" }
                        ?? "known are " + known.joined(separator: ", ")
                )
                continue
            }
            let value = Field(
                name: pair.key,
                path: path,
                node: pair.value,
                keyPlace: pair.keyPlace,
                report: report
            )
            if let limit = limit(of: resource, value) { limits.append(limit) }
        }
        return limits.sorted { $0.resource.rawValue < $1.resource.rawValue }
    }

    /// `65536` for both, or `1024:65536`; `unlimited` for none.
    private func limit(of resource: ResourceLimit.Resource, _ field: Field) -> ResourceLimit? {
        guard let text = field.node.scalar?.text, !text.isEmpty, !field.node.isNull else {
            field.mismatch("a number, \"soft:hard\" or unlimited", example: "65536")
            return nil
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let values = parts.map { Self.amount($0, of: resource) }
        guard values.count <= 2, let first = values.first, let soft = first, let hard = values.last ?? first else {
            field.mismatch(
                "a number, \"soft:hard\" or unlimited",
                example: resource.isInBytes ? "64M" : #""1024:65536""#
            )
            return nil
        }
        guard soft ?? .max <= hard ?? .max else {
            field.fail("the soft limit is above the hard one: \(text)", hint: "soft:hard, for example \"1024:65536\"")
            return nil
        }
        return ResourceLimit(resource: resource, soft: soft, hard: hard)
    }

    /// nil: not an amount; nil in it: no limit.
    private static func amount(_ text: Substring, of resource: ResourceLimit.Resource) -> UInt64?? {
        if text == "unlimited" || text == "infinity" { return .some(nil) }
        if text.utf8.allSatisfy(ASCII.isDigit), let number = UInt64(text) { return .some(number) }
        guard resource.isInBytes, let size = ByteCount(parsing: text), size.bytes < .max else { return nil }
        return .some(size.bytes)
    }
}

extension ResourceLimit.Resource {
    /// Whether setrlimit(2) counts it in bytes.
    fileprivate var isInBytes: Bool {
        switch self {
        case .core, .data, .fsize, .memlock, .msgqueue, .rss, .stack, .addressSpace: true
        case .cpu, .nice, .nofile, .nproc, .rtprio, .rttime, .sigpending, .locks: false
        }
    }
}
