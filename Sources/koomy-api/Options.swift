import KoomyWorker

/// What the command line and the environment ask for.
struct Options: Sendable {
    /// What to bind where no listener is inherited.
    var listen: [BindAddress] = []
    /// The path of the SQLite file; nil for no database.
    var database: String?
    /// What `/api/health` calls the version.
    var versionLabel = Program.version
    var dependencies: [Dependency] = []
    /// How long one check of `/api/ready` may take.
    var checkTimeout = Duration.seconds(2)
    /// Free bytes of the database's file system below which the worker is not ready.
    var minimumDisk: UInt64 = 64 << 20
    var drainLinger = Duration.seconds(2)
    /// Whether `/crash` exists, and the flags below are taken.
    var allowsFaults = false
    var bootDelay = Duration.zero
    var failAfter: Duration?
    var isNeverReady = false
    var ignoresTermination = false
    /// The commit and where it came from, as the deployment says.
    var gitSHA: String?
    var gitSource: String?
    /// The key of the webhook's signature; never on the command line, where `ps` would show it.
    var stripeSecret: String?
    var isProduction = false
}

/// What is wrong with the command line.
struct UsageError: Error, Hashable {
    var message: String
}

/// What a command line asks for.
enum Invocation {
    case serve(Options)
    case show(String)

    /// Reads the arguments, without the program's name, and the environment.
    init(arguments: [String], environment: (String) -> String?) throws(UsageError) {
        var options = Options()
        options.database = environment("KOOMY_API_DATABASE").flatMap { $0.isEmpty ? nil : $0 }
        options.gitSHA = environment("GIT_SHA")
        options.gitSource = environment("GIT_SOURCE")
        options.stripeSecret = environment("STRIPE_WEBHOOK_SECRET").flatMap { $0.isEmpty ? nil : $0 }
        options.isProduction = ["NODE_ENV", "KOOMY_ENV"].contains { environment($0) == "production" }
        var faults: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var flag = Flag(name: parts[0], attached: parts.count == 2 ? parts[1] : nil)
            switch flag.name {
            case "--help", "-h":
                self = .show(Program.help)
                return
            case "--version":
                self = .show("koomy-api \(Program.version)\n")
                return
            case "--listen":
                options.listen.append(
                    try flag.value(from: &rest, as: "an address like tcp://127.0.0.1:5000") { BindAddress(parsing: $0) }
                )
            case "--database": options.database = try flag.value(from: &rest, as: "a path") { $0.isEmpty ? nil : $0 }
            case "--version-label": options.versionLabel = try flag.value(from: &rest, as: "a text") { $0 }
            case "--dependency":
                options.dependencies.append(
                    try flag.value(from: &rest, as: "name=tcp://host:port[,critical]") { Dependency(parsing: $0) }
                )
            case "--check-timeout":
                options.checkTimeout = try flag.value(from: &rest, as: "a time like 500ms or 2s", Self.time)
            case "--minimum-disk":
                options.minimumDisk = try flag.value(from: &rest, as: "a number of MiB") { text in
                    UInt64(text).flatMap { $0 < 1 << 40 ? $0 << 20 : nil }
                }
            case "--drain-linger":
                options.drainLinger = try flag.value(from: &rest, as: "a time like 500ms or 2s", Self.time)
            case "--allow-faults": options.allowsFaults = try flag.alone()
            case "--boot-delay-ms":
                faults.append(flag.name)
                options.bootDelay = try flag.value(from: &rest, as: "milliseconds", Self.milliseconds)
            case "--fail-after-ms":
                faults.append(flag.name)
                options.failAfter = try flag.value(from: &rest, as: "milliseconds", Self.milliseconds)
            case "--never-ready":
                faults.append(flag.name)
                options.isNeverReady = try flag.alone()
            case "--ignore-term":
                faults.append(flag.name)
                options.ignoresTermination = try flag.alone()
            default: throw UsageError(message: "unknown argument \(argument)")
            }
        }
        if let fault = faults.first, !options.allowsFaults {
            throw UsageError(message: "\(fault) needs --allow-faults: it makes a bad version on purpose")
        }
        if options.listen.isEmpty, let port = environment("PORT") {
            guard let number = UInt16(port) else { throw UsageError(message: "PORT=\(port) is no port") }
            options.listen = [.tcp(host: nil, port: number)]
        }
        self = .serve(options)
    }

    private static func milliseconds(_ text: String) -> Duration? {
        UInt32(text).map { .milliseconds($0) }
    }

    /// `500ms`, `2s` or `1m`.
    static func time(_ text: String) -> Duration? {
        let number = text.prefix { $0.isNumber }
        guard let count = UInt32(number) else { return nil }
        return switch text.dropFirst(number.count) {
        case "ms": .milliseconds(count)
        case "s": .seconds(count)
        case "m": .seconds(60 * Int(count))
        default: nil
        }
    }
}

/// One flag, as `--name value`, `--name=value` or `--name`.
private struct Flag {
    var name: String
    var attached: String?

    mutating func value<Value>(
        from rest: inout ArraySlice<String>,
        as form: String,
        _ read: (String) -> Value?
    ) throws(UsageError) -> Value {
        guard let text = attached ?? rest.popFirst() else { throw UsageError(message: "\(name) needs \(form)") }
        guard let value = read(text) else { throw UsageError(message: "\(name) needs \(form), not '\(text)'") }
        return value
    }

    func alone() throws(UsageError) -> Bool {
        guard attached == nil else { throw UsageError(message: "\(name) takes no value") }
        return true
    }
}
