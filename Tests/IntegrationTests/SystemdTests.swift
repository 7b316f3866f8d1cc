import Glibc
import TestSupport
import Testing

/// koomyd as a service of a real systemd, under load.
@Suite(.serialized) struct SystemdTests {
    private static let shared = Result { try ServiceBox("service") }

    private func box() throws -> ServiceBox {
        let box = try Self.shared.get()
        try box.begin()
        return box
    }

    // MARK: - koomyd goes and comes

    @Test(.needsSystemdBox, arguments: LoadGenerator.Style.allCases)
    func `restarts change nothing but koomyd`(_ style: LoadGenerator.Style) throws {
        let box = try box()
        let before = try (box.app(), box.app("talker"))
        let kept = try box.kept()
        try box.underLoad(style) {
            for _ in 1...3 {
                let pid = try box.pid()
                try box.run("systemctl", "restart", "koomyd")
                #expect(try box.pid() != pid)
                let after = try (box.waitUntilSteady(), box.waitUntilSteady(1, "talker"))
                #expect(after.0.pids == before.0.pids && after.1.pids == before.1.pids)
                #expect(after.0.restarts == before.0.restarts && after.0.generation == before.0.generation)
            }
        }
        #expect(try box.kept() == kept)
        // koomyd is in the unit's own cgroup, each worker in one below it, which does not keep the next koomyd out.
        func cgroup(_ pid: String) throws -> String {
            try box.run("sed", "-n", "s/^0:://p", "/proc/\(pid)/cgroup").split(separator: "\n").joined()
        }
        let own = try cgroup(box.pid())
        #expect(own.hasSuffix("/koomyd.service"), "\(own)")
        for worker in before.0.pids { #expect(try cgroup("\(worker)").hasPrefix("\(own)/")) }
        #expect(try box.property("StatusText").contains("3 of 3 workers ready"))
    }

    @Test(.needsSystemdBox, arguments: ["KILL", "SEGV"])
    func `a koomyd that dies is followed by one that has all its workers`(_ signal: String) throws {
        let box = try box()
        let before = try (box.app(), box.app("talker"))
        try box.underLoad {
            for _ in 1...3 {
                try box.kill(signal)
                #expect(try box.waitUntilSteady().pids == before.0.pids)
            }
        }
        #expect(try box.waitUntilSteady(1, "talker").pids == before.1.pids)
    }

    @Test(.needsSystemdBox) func `the watchdog is fed across an upgrade, and ends a koomyd that hangs`() throws {
        let box = try box()
        try box.with("[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\n") {
            let before = try box.app()
            try box.underLoad {
                // With descriptors that systemd passed, which are none of the next program's.
                try box.run("systemctl", "restart", "koomyd")
                let pid = try box.pid()
                let restarts = try box.property("NRestarts")
                try box.run("koomyctl", "daemon", "upgrade")
                try always(for: .seconds(2), "it is not restarted") {
                    try box.property("NRestarts") == restarts && box.property("ActiveState") == "active"
                }
                #expect(try box.pid() == pid)
                #expect(try box.waitUntilSteady().pids == before.pids)
                try box.run("kill", "-STOP", pid)
                try box.waitForAnother(than: pid)
                #expect(try box.waitUntilSteady().pids == before.pids)
            }
            #expect(try box.run("journalctl", "-u", "koomyd", "--no-pager").contains("Watchdog timeout"))
        }
        try box.run("systemctl", "restart", "koomyd")
    }

    @Test(.needsSystemdBox) func `a systemd that executes itself again knows everything that it kept`() throws {
        let box = try box()
        let before = try box.app()
        let kept = try box.kept()
        try box.underLoad {
            try box.run("systemctl", "daemon-reexec")
            try eventually("it answers") { try box.attempt("systemctl", "is-active", "koomyd").out == "active\n" }
            #expect(try box.kept() == kept)
            try box.run("systemctl", "restart", "koomyd")
            #expect(try box.waitUntilSteady().pids == before.pids)
            try box.kill()
            #expect(try box.waitUntilSteady().pids == before.pids)
        }
    }

    @Test(.needsSystemdBox) func `a rollout goes on across a restart, and koomyctl waits for it`() throws {
        let box = try box()
        let before = try box.app()
        try box.underLoad {
            let reload = try box.inBackground("koomyctl", "reload", "api", name: "reload")
            defer { reload.stop() }
            try eventually("it is under way") { try box.app().workers.count > 2 }
            try box.run("systemctl", "restart", "koomyd")
            #expect(try reload.wait(within: .seconds(30)) == .code(0), "\(reload.errorOutput)")
            let after = try box.waitUntilSteady()
            #expect(after.generation == before.generation + 1 && after.pids.isDisjoint(with: before.pids))
        }
    }

    @Test(.needsSystemdBox) func `a listener stays open across a restart while nothing of its app runs`() throws {
        let box = try box()
        let port = try FreePort.next()
        let looper = Ecosystem.shell(
            "looper",
            "exit 3",
            "listen: tcp://127.0.0.1:\(port)",
            "restart_delay: 5s",
            "max_restarts: 100"
        )
        try box.write(Ecosystem.file(looper), to: "/etc/koomy/looper.yaml")
        _ = try box.attempt("koomyctl", "--timeout", "1s", "start", "/etc/koomy/looper.yaml")
        defer { _ = try? box.run("koomyctl", "delete", "looper") }
        // They wait in the accept queue, which only the socket that was opened first has.
        let waiting = try (1...5).map { _ in try Connection(to: .tcp(port)) }
        let knocking = try LoadGenerator(
            "http://127.0.0.1:\(port)/",
            rate: 100,
            style: .connectionPerRequest,
            in: box.workspace,
            name: "knock",
            options: ["-t", "5000"]
        )
        try knocking.waitFor(seconds: 0.3)
        try box.run("systemctl", "restart", "koomyd")
        try box.kill()
        try knocking.waitFor(seconds: 0.3)
        let report = try knocking.finish()
        #expect(report.classes.keys.allSatisfy { $0 == "timeout" || $0 == "unfinished" }, "\(report)")
        try box.write(Self.web("looper", port, in: box), to: "/etc/koomy/looper.yaml")
        _ = try box.attempt("koomyctl", "start", "/etc/koomy/looper.yaml")
        try box.waitUntilSteady(1, "looper")
        for connection in waiting {
            try connection.send("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(try connection.receiveAll().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test(.needsSystemdBox) func `systemd keeps what there is, and no more`() throws {
        let box = try box()
        let kept = try box.kept()
        #expect(kept > 0)
        try box.run("koomyctl", "scale", "api", "4")
        try box.waitUntilSteady(4)
        let more = try box.kept()
        #expect(more > kept && (more - kept) % 2 == 0, "\(kept), then \(more)")
        try box.run("koomyctl", "scale", "api", "2")
        try box.run("koomyctl", "reload", "api")
        try eventually("what is gone is not kept") { try box.kept() == kept }
        try box.run("systemctl", "restart", "koomyd")
        #expect(try box.kept() == kept)
        try box.run("koomyctl", "delete", "all")
        try eventually("nothing is kept") { try box.kept() == 0 }
    }

    // MARK: - Reload and stop

    @Test(.needsSystemdBox) func `systemctl reload succeeds with a good version and fails with a bad one`() throws {
        let box = try box()
        let before = try box.app()
        try box.underLoad {
            try box.run("systemctl", "reload", "koomyd")
            let good = try box.waitUntilSteady()
            #expect(good.generation == before.generation + 1)
            let bad = ["--allow-faults", "--never-ready"]
            try box.write(ServiceBox.file(box.port, arguments: bad), to: "/etc/koomy/api.yaml")
            let result = try box.attempt("systemctl", "reload", "koomyd")
            #expect(result.code == 1, "\(result)")
            #expect(try box.property("ActiveState") == "active")
            #expect(try box.waitUntilSteady().pids == good.pids)
            try box.write("apps: 3\n", to: "/etc/koomy/api.yaml")
            #expect(try box.attempt("systemctl", "reload", "koomyd").code == 1)
            #expect(try box.waitUntilSteady().pids == good.pids)
        }
    }

    @Test(.needsSystemdBox) func `koomyd killed during systemctl reload is not away for long`() throws {
        let box = try box()
        let before = try box.app()
        try box.underLoad {
            let pid = try box.pid()
            let reload = try box.inBackground("systemctl", "reload", "koomyd", name: "systemctl")
            defer { reload.stop() }
            try eventually("it is under way") { try box.app().workers.count > 2 }
            try box.run("kill", "-KILL", pid)
            let died = ContinuousClock.now
            #expect(try reload.wait(within: .seconds(30)) == .code(1))
            try box.waitForAnother(than: pid)
            #expect(ContinuousClock.now - died < .seconds(8))
            // The next one does what was begun.
            #expect(try box.waitUntilSteady().generation > before.generation)
        }
    }

    @Test(.needsSystemdBox) func `a stop answers what is in flight and leaves no process`() throws {
        let box = try box()
        let request = try BackgroundProcess(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(box.port)/work?ms=2000"],
            name: "curl",
            in: box.workspace
        )
        defer { request.stop() }
        try eventually("the request is under way") {
            ProcessTable.descriptors(of: request.pid).values.contains { $0.hasPrefix("socket:") }
        }
        try always(for: .milliseconds(300), "the request waits") { request.ended == nil }
        try box.run("systemctl", "stop", "koomyd")
        #expect(try request.wait() == .code(0))
        #expect(request.output == "200")
        #expect(try box.property("ActiveState") == "inactive" && box.property("Result") == "success")
        #expect(try box.kept() == 0)
        #expect(try box.run("sh", "-c", "pgrep -c 'koomy' || true") == "0\n")
        #expect(try box.run("sh", "-c", "ps -eo args | grep -c 'KOOMY_WORKE[R]' || true") == "0\n")
    }

    // MARK: - A start limit

    @Test(.needsSystemdBox) func `workers serve on when a start limit is hit, and the next koomyd takes them back`()
        throws
    {
        let box = try box()
        let before = try (box.app(), box.app("talker"))
        try box.with("[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n") {
            try box.underLoad {
                try eventually(within: .seconds(30), "it is given up on") {
                    let state = try box.property("ActiveState")
                    if state == "active" {
                        _ = try box.attempt("systemctl", "kill", "-s", "KILL", "--kill-whom=main", "koomyd")
                    }
                    return state == "failed"
                }
                #expect(try box.kept() == 0, "systemd 252 keeps nothing for a unit that has failed")
                let status = try box.attempt("koomyctl", "status")
                #expect(status.code == 3 && status.error.contains("3 workers still run without koomyd"), "\(status)")
                #expect(try box.attempt("systemctl", "start", "koomyd").code != 0)
                try box.run("systemctl", "reset-failed", "koomyd")
                try box.run("systemctl", "start", "koomyd")
                #expect(try box.waitUntilSteady().pids == before.0.pids)
                #expect(try box.waitUntilSteady(1, "talker").pids == before.1.pids)
                #expect(try box.kept() > 0)
                try box.run("koomyctl", "reload", "api")
            }
        }
    }

    // MARK: - Sockets of systemd

    @Test(.needsSystemdBox) func `a connection to a socket unit waits for koomyd, which goes on with that socket`()
        throws
    {
        let box = try box()
        let port = try FreePort.next()
        try box.write(Self.web("front", port, in: box), to: "/etc/koomy/front.yaml")
        try box.run("koomyctl", "start", "/etc/koomy/front.yaml")
        try box.run("systemctl", "stop", "koomyd")
        let example = try #require(Files.text(of: Fixture.project("units/koomyd-api.socket")))
        let spare = try FreePort.next()
        let unit = example.replacing("ListenStream=127.0.0.1:8080", with: "ListenStream=127.0.0.1:\(port)")
        #expect(unit != example)
        try box.write(unit, to: "/run/systemd/system/koomyd-api.socket")
        try box.write(
            unit.replacing("\(port)", with: "\(spare)").replacing("=api", with: "=spare"),
            to: "/run/systemd/system/koomyd-spare.socket"
        )
        try box.run("systemctl", "daemon-reload")
        defer {
            _ = try? box.run("systemctl", "stop", "koomyd", "koomyd-api.socket", "koomyd-spare.socket")
            for name in ["api", "spare"] { unlink("\(box.root)/run/systemd/system/koomyd-\(name).socket") }
            _ = try? box.run("systemctl", "daemon-reload")
            _ = try? box.run("systemctl", "start", "koomyd")
            _ = try? box.run("koomyctl", "delete", "front")
        }
        try box.run("systemctl", "start", "koomyd-api.socket", "koomyd-spare.socket")
        #expect(try HTTP.get("/health", from: .tcp(port), within: .seconds(30)).status == 200)
        let before = try box.waitUntilSteady(1, "front")
        #expect(
            try box.run("journalctl", "-u", "koomyd", "-n", "200", "--no-pager").contains("systemd does for spare;")
        )
        let load = try LoadGenerator(
            "http://127.0.0.1:\(port)/work?ms=5",
            rate: 300,
            style: .connectionPerRequest,
            in: box.workspace,
            name: "front"
        )
        try load.waitFor(seconds: 0.3)
        try box.run("systemctl", "restart", "koomyd")
        #expect(try box.waitUntilSteady(1, "front").pids == before.pids)
        try box.kill()
        #expect(try box.waitUntilSteady(1, "front").pids == before.pids)
        try box.run("koomyctl", "daemon", "upgrade")
        #expect(try box.waitUntilSteady(1, "front").pids == before.pids)
        try load.waitFor(seconds: 0.3)
        // While it is stopped, requests wait.
        try box.run("koomyctl", "stop", "front")
        try load.waitFor(seconds: 0.3)
        try box.run("koomyctl", "start", "front")
        try load.waitFor(seconds: 0.3)
        let report = try load.finish()
        #expect(report.failed == 0, "\(report)")
    }

    private static func web(_ name: String, _ port: UInt16, in box: ServiceBox) throws -> String {
        try Ecosystem.file(
            Ecosystem.api(name: name, instances: 1, listen: "tcp://127.0.0.1:\(port)")
                .replacing(Binaries.path("koomy-api"), with: "/usr/bin/koomy-api")
        )
    }

    // MARK: - Boot

    @Test(.needsSystemdBox) func `after a boot the apps that were wanted run`() throws {
        let box = try box()
        let rebooted = try box.sdbox("reboot")
        try #require(rebooted.code == 0, "\(rebooted)")
        #expect(try box.run("systemctl", "is-enabled", "koomyd") == "enabled\n")
        try eventually(within: .seconds(30), "two workers are ready") {
            try JSON(parsing: box.run("koomyctl", "status", "--json")).apps.array.allSatisfy { $0.state.string == "ok" }
        }
        #expect(try HTTP.get("/health", from: .tcp(box.port)).status == 200)
    }
}
