import KoomyModel

/// What `koomyctl deploy` is to do.
struct DeployWish: Equatable {
    /// Where the code of a release comes from.
    enum Source: Equatable {
        /// A folder or a tarball; which, the disk tells.
        case path(String)
        /// nil for the repository that the ecosystem file, or the caller, is in.
        case git(reference: String, repository: String?)
        /// One that is on disk already.
        case release(ReleaseID)
    }

    var app: AppName
    var source: Source
    /// The ecosystem file of an app that koomyd does not know yet.
    var file: String?
    var rehearses = true
    var hasCanary = true
    var keepsFailed = false
    var waits = false
    var isDry = false
}

/// What `koomyctl history` is to show of an app.
struct HistoryWish: Equatable {
    static let usualCount = 10

    var app: AppName
    /// One of its deployments in full; nil for a table of the last ones.
    var generation: UInt64?
    var count = usualCount
}

extension ArgumentParser {
    private static let forms = "as in deploy api ./dist, deploy api api.tar.gz, or deploy api --git main"

    func deploy() throws(UsageError) -> DeployWish {
        let app = try app(.deploy)
        var wish = DeployWish(app: app, source: try source())
        wish.file = options[.file]
        wish.rehearses = options[.noRehearsal] == nil
        wish.hasCanary = options[.noCanary] == nil
        wish.keepsFailed = options[.keepFailed] != nil
        wish.waits = options[.wait] != nil
        wish.isDry = options[.dryRun] != nil
        return wish
    }

    private func source() throws(UsageError) -> DeployWish.Source {
        guard operands.count <= 2 else { throw surplus(.deploy, operands[2]) }
        let path = operands.count > 1 ? operands[1] : nil
        let given = [
            path.map { "\"\($0)\"" }, options[.git].map { "--git \($0)" }, options[.release].map { "--release \($0)" },
        ]
        .compactMap(\.self)
        guard given.count == 1 else {
            let message =
                given.isEmpty ? "deploy needs a source" : "\(given.joined(separator: " and ")) exclude each other"
            throw UsageError(message: message, hint: Self.forms, command: .deploy)
        }
        if options[.repo] != nil, options[.git] == nil {
            throw UsageError(message: "--repo goes with --git", hint: Self.forms, command: .deploy)
        }
        if let path { return .path(path) }
        if let reference = options[.git] {
            guard !reference.hasPrefix("-") else {
                throw UsageError(message: "--git \(reference) is no branch, tag or commit", hint: nil, command: .deploy)
            }
            return .git(reference: reference, repository: options[.repo])
        }
        let text = options[.release] ?? ""
        guard let id = ReleaseID(text) else {
            let hint = "as in --release 20261120T170456Z-1a2b3c4"
            throw UsageError(message: "--release \(text) is no release", hint: hint, command: .deploy)
        }
        return .release(id)
    }

    func rollback() throws(UsageError) -> Action {
        let app = try app(.rollback)
        guard operands.count <= 2 else { throw surplus(.rollback, operands[2]) }
        return .rollback(app, to: operands.count > 1 ? operands[1] : nil)
    }

    func history() throws(UsageError) -> HistoryWish {
        var wish = HistoryWish(app: try app(.history))
        guard operands.count <= 2 else { throw surplus(.history, operands[2]) }
        if let count = try number(.lines, .history) { wish.count = Int(clamping: count) }
        guard operands.count > 1 else { return wish }
        guard let generation = UInt64(operands[1]) else {
            throw UsageError(
                message: "\"\(operands[1])\" is not the number of a generation",
                hint: "as in history api 7",
                command: .history
            )
        }
        wish.generation = generation
        return wish
    }

    private func app(_ command: CommandName) throws(UsageError) -> AppName {
        guard let text = operands.first else {
            throw UsageError(message: "\(command.rawValue) needs the name of an app", hint: nil, command: command)
        }
        guard let name = AppName(text) else {
            throw UsageError(message: "\"\(text)\" is not the name of an app", hint: nil, command: command)
        }
        return name
    }

    private func surplus(_ command: CommandName, _ word: String) -> UsageError {
        UsageError(message: "\(command.rawValue) does not take \"\(word)\" as well", hint: nil, command: command)
    }
}
