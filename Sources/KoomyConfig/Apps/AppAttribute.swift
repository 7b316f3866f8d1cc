/// The attributes of an app.
enum AppAttribute: String, Vocabulary {
    case script, args, interpreter, cwd, name, instances, env, port, listen, ready, health, replace, surge, user, group
    case interpreterArgs = "interpreter_args"
    case namePrefix = "name_prefix"
    case appendEnvToName = "append_env_to_name"
    case execMode = "exec_mode"
    case instanceVar = "instance_var"
    case incrementVar = "increment_var"
    case waitReady = "wait_ready"
    case readyTimeout = "ready_timeout"
    case watchdog, autostart, autorestart
    case minUptime = "min_uptime"
    case maxRestarts = "max_restarts"
    case restartWindow = "restart_window"
    case restartDelay = "restart_delay"
    case backoff
    case maxBackoff = "max_backoff"
    case jitter
    case stopExitCodes = "stop_exit_codes"
    case erroredRetry = "errored_retry"
    case stopSignal = "stop_signal"
    case killTimeout = "kill_timeout"
    case preDrain = "pre_drain"
    case preDrainHook = "pre_drain_hook"
    case connectionTimeout = "connection_timeout"
    case drain
    case shutdownWithMessage = "shutdown_with_message"
    case maxMemory = "max_memory"
    case hardMemory = "hard_memory"
    case maxAge = "max_age"
    case cronRestart = "cron_restart"
    case unavailable
    case healthyTime = "healthy_time"
    case canary
    case canaryTime = "canary_time"
    case promote, stagger
    case memoryShort = "memory_short"
    case pressureLimit = "pressure_limit"
    case umask, nice
    case oomScoreAdj = "oom_score_adj"
    case noNewPrivs = "no_new_privs"
    case limits
    case outFile = "out_file"
    case errorFile = "error_file"
    case logFile = "log_file"
    case mergeLogs = "merge_logs"
    case logType = "log_type"
    case logDateFormat = "log_date_format"
    case time
    case disableLogs = "disable_logs"
    case log, deploy

    /// PM2's other names, and those of its names that koomy has a better one for.
    private static let otherNames: [Self: [String]] = [
        .script: ["exec", "cmd", "command"],
        .interpreter: ["exec_interpreter"],
        .interpreterArgs: ["node_args"],
        .readyTimeout: ["listen_timeout"],
        .backoff: ["exp_backoff_restart_delay"],
        .stopSignal: ["kill_signal"],
        .maxMemory: ["max_memory_restart"],
        .cronRestart: ["cron"],
        .user: ["uid", "username"],
        .group: ["gid"],
        .outFile: ["out", "output", "out_log"],
        .errorFile: ["error", "err", "err_file", "err_log"],
        .mergeLogs: ["combine_logs"],
    ]

    var aliases: [String] { Self.otherNames[self] ?? [] }
}
