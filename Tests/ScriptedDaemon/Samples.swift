package import KoomyWire

/// Answers that the tests of the clients share.
package enum Samples {
    package static let worker0 = WorkerView(
        slot: 0,
        pid: 4711,
        serial: 1,
        state: "ready",
        generation: 3,
        uptimeMs: 192_000,
        restarts: 0,
        memory: 40_000_000,
        cpu: 1.5,
        readyBy: "notify",
        statusText: "serving"
    )

    package static let worker1 = WorkerView(
        slot: 1,
        pid: 4712,
        serial: 2,
        state: "ready",
        generation: 3,
        uptimeMs: 5_000,
        restarts: 2,
        memory: 41_000_000,
        cpu: 0.2,
        readyBy: "notify",
        lastExit: LastExitView(reason: "SIGKILL", signal: "SIGKILL", at: 1_700_000_000_000)
    )

    package static let api = AppView(
        name: "api",
        state: "ok",
        desired: "running",
        instances: 2,
        generation: 3,
        restarts: 2,
        file: "/srv/api.yaml",
        listeners: [ListenerView(name: "http", address: "tcp://127.0.0.1:5000")],
        workers: [worker0, worker1],
        logs: LogsView(out: "/var/log/koomy/api-out.log", error: "/var/log/koomy/api-error.log")
    )

    package static let web = AppView(
        name: "web",
        state: "errored",
        reason: "10 unstable ends in a row",
        desired: "running",
        instances: 2,
        generation: 1,
        restarts: 10,
        workers: [
            WorkerView(
                slot: 0,
                state: "errored",
                generation: 1,
                restarts: 10,
                lastExit: LastExitView(reason: "exit code 1", code: 1, at: 1_700_000_000_000)
            ),
            WorkerView(
                slot: 1,
                state: "backoff",
                generation: 1,
                restarts: 9,
                lastExit: LastExitView(reason: "exit code 1", code: 1, at: 1_700_000_000_000),
                nextStartMs: 4_200
            ),
        ]
    )

    package static let idle = AppView(name: "idle", state: "stopped", desired: "stopped", instances: 1, generation: 1)

    package static let daemon = DaemonView(
        version: "0.1.0",
        pid: 4000,
        uptimeMs: 3_600_000,
        startedAt: 1_700_000_000_000,
        mode: "user"
    )

    package static let status = StatusView(daemon: daemon, apps: [api, web, idle])
}
