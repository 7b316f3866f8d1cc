/// What people who come from other systems call things.
enum ForeignWords {
    private static let words: [String: String] = [
        "replicas": "instances", "workers": "instances", "processes": "instances", "numprocs": "instances",
        "directory": "cwd", "dir": "cwd", "working_directory": "cwd", "working_dir": "cwd",
        "environment": "env", "entrypoint": "script", "program": "script", "exec_start": "script",
        "arguments": "args", "argv": "args", "memory": "max_memory", "memory_limit": "max_memory",
        "healthcheck": "health", "health_check": "health", "restart": "autorestart", "grace": "kill_timeout",
        "stop_timeout": "kill_timeout", "stop_grace_period": "kill_timeout", "timeout_stop_sec": "kill_timeout",
        "stopsignal": "stop_signal", "ports": "listen", "bind": "listen", "sockets": "listen",
        "max_surge": "surge", "max_unavailable": "unavailable", "max_lifetime": "max_age", "ulimits": "limits",
        "stdout": "out_file", "stderr": "error_file", "stdout_logfile": "out_file", "stderr_logfile": "error_file",
        "logs": "log", "logging": "log", "logrotate": "log", "log_rotate": "log", "rotate": "log", "rotation": "rotate",
        "logfile": "log_file", "log_format": "log_date_format", "overflow": "full", "when_full": "full",
        "permissions": "mode", "schedule": "every", "interval": "every", "backups": "keep", "count": "keep",
        "compression": "compress", "services": "apps", "programs": "apps",
    ]

    static func translation(of word: String, among known: [String]) -> String? {
        words[word].flatMap { known.contains($0) ? $0 : nil }
    }
}
