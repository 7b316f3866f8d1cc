import KoomyWire
import ScriptedDaemon
import Testing

@testable import koomyctl

@Suite struct DaemonTextTests {
    @Test func `what runs, where it answers, and what it has`() {
        let text = DaemonText(status: Samples.status, socketPath: "/run/koomy/control.sock", screen: Screen())
        #expect(
            text.lines == [
                "koomyd 0.1.0 running, pid 4000, for 1h00m (user)", "answers at /run/koomy/control.sock",
                "3 apps (1 stopped, 1 errored), 2 of 4 workers ready",
            ]
        )
    }

    @Test func `a foreground daemon names its file`() {
        var status = StatusView(daemon: Samples.daemon, apps: [])
        status.daemon.mode = "foreground"
        status.daemon.configFile = "/srv/api.yaml"
        let text = DaemonText(status: status, socketPath: "/s", screen: Screen())
        #expect(text.lines[0].hasSuffix("(foreground, with /srv/api.yaml)"))
    }
}
