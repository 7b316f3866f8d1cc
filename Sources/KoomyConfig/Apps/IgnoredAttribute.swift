/// PM2's attributes that have nothing to do in koomy: they are let through with one warning that says why.
enum IgnoredAttribute: String, Vocabulary {
    case vizion, watch, pmx, automation, trace, v8, io, force, write, treekill, namespace
    case postUpdate = "post_update"
    case ignoreWatch = "ignore_watch"
    case watchOptions = "watch_options"
    case watchDelay = "watch_delay"
    case disableTrace = "disable_trace"
    case eventLoopInspector = "event_loop_inspector"
    case deepMonitoring = "deep_monitoring"
    case sourceMapSupport = "source_map_support"
    case disableSourceMapSupport = "disable_source_map_support"
    case executeCommand = "execute_command"
    case installURL = "install_url"
    case windowsHide = "windows_hide"
    case killRetryTime = "kill_retry_time"
    case filterEnv = "filter_env"
    case pidFile = "pid_file"
    case updateEnv = "update_env"

    private static let otherNames: [Self: [String]] = [.pidFile: ["pid"]]

    var aliases: [String] { Self.otherNames[self] ?? [] }

    var reason: String {
        switch self {
        case .watch, .ignoreWatch, .watchOptions, .watchDelay:
            "files are not watched; a deploy ends with koomyctl reload"
        case .vizion, .postUpdate: "koomy does not look at the version control of an app"
        case .pmx, .automation, .trace, .disableTrace, .eventLoopInspector, .deepMonitoring, .io, .v8:
            "koomy puts no monitoring code into a worker"
        case .sourceMapSupport, .disableSourceMapSupport:
            "koomy puts no code into a worker; node has --enable-source-maps for interpreter_args"
        case .treekill: "everything that a worker started is always ended with it"
        case .killRetryTime: "the kernel tells when a process has ended, nothing is asked again"
        case .namespace: "there are no groups of apps; name the apps that are meant"
        case .filterEnv: "a worker inherits nothing but a small base and what env declares"
        case .updateEnv: "a reload always brings the environment of the file"
        case .pidFile: "no file holds a pid; koomyctl status --json names it"
        case .force, .write, .executeCommand, .installURL, .windowsHide: "it does nothing here"
        }
    }

    private static let wordsForWhatIs: [Self: String] = [
        .treekill: "true", .updateEnv: "true", .namespace: "default",
    ]

    /// The value that asks for what koomy does anyway; it passes in silence.
    var harmlessValue: String { Self.wordsForWhatIs[self] ?? "false" }
}
