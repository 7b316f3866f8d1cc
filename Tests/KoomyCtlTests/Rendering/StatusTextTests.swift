import KoomyWire
import ScriptedDaemon
import Testing

@testable import koomyctl

@Suite struct StatusTextTests {
    private func text(_ status: StatusView, _ screen: Screen = Screen()) -> String {
        StatusText(status: status, screen: screen).lines.joined(separator: "\n")
    }

    @Test func `a row for each worker, remarks, and a line that sums up`() {
        #expect(
            text(Samples.status) == """
                app   slot  state     pid  gen  uptime  restarts  memory   cpu  last exit
                api      0  ready    4711    3   3m12s         0   38.1M  1.5%  -
                api      1  ready    4712    3      5s         2   39.1M  0.2%  SIGKILL
                web      0  errored     -    1       -        10       -     -  exit code 1
                web      1  backoff     -    1       -         9       -     -  exit code 1; next start in 4s
                idle     -  stopped     -    1       -         0       -     -  -

                web is errored: 10 unstable ends in a row
                3 apps (1 stopped, 1 errored), 2 of 4 workers ready
                """
        )
    }

    @Test func `a narrow terminal gets what matters most`() {
        #expect(
            text(Samples.status, Screen(width: 40)) == """
                app   slot  state     pid  uptime
                api      0  ready    4711   3m12s
                api      1  ready    4712      5s
                web      0  errored     -       -
                web      1  backoff     -       -
                idle     -  stopped     -       -

                web is errored: 10 unstable ends in a row
                3 apps (1 stopped, 1 errored), 2 of 4 workers ready
                """
        )
    }

    @Test func `states are coloured where there are colours`() {
        let lines = StatusText(status: Samples.status, screen: Screen(hasColor: true)).lines
        #expect(lines[1].contains("\u{1B}[32mready\u{1B}[0m"))
        #expect(lines[3].contains("\u{1B}[31merrored\u{1B}[0m"))
        #expect(lines[4].contains("\u{1B}[33mbackoff\u{1B}[0m"))
        #expect(!text(Samples.status).contains("\u{1B}"))
    }

    @Test func `a rollout is told, and a slot with two workers is ready once`() {
        var app = Samples.api
        app.state = "rolling"
        app.rollout = RolloutView(kind: "reload", from: 3, to: 4, done: 1, total: 2)
        var new = Samples.worker0
        new.pid = 5_000
        new.generation = 4
        app.workers.insert(new, at: 1)
        let lines = StatusText(status: StatusView(daemon: Samples.daemon, apps: [app]), screen: Screen()).lines
        #expect(lines.count == 7)
        #expect(lines[5] == "api is rolling: reload from generation 3 to 4, 1 of 2 slots")
        #expect(lines[6] == "1 app, 2 of 2 workers ready")
    }

    @Test func `no apps is said, with what to do`() {
        #expect(text(StatusView(daemon: Samples.daemon, apps: [])) == "no apps; begin with: koomyctl start FILE")
    }

    @Test func `states and words of later versions are shown as they are`() {
        var app = Samples.api
        app.state = "hibernating"
        app.workers[0].state = "pondering\u{1B}[2J"
        let shown = text(StatusView(daemon: Samples.daemon, apps: [app]))
        #expect(shown.contains("pondering?[2J"))
        #expect(shown.hasSuffix("1 app, 1 of 2 workers ready"))
    }

    @Test func `without UTF-8 everything is ASCII`() {
        var app = Samples.api
        app.workers[0].lastExit = LastExitView(reason: "Übergröße: 漢字 und noch viel mehr Text", at: 0)
        let status = StatusView(daemon: Samples.daemon, apps: [app])
        let shown = text(status, Screen(width: 90, isUTF8: false))
        #expect(shown.utf8.allSatisfy { $0 < 0x80 })
        #expect(shown.contains("~"))
    }

    @Test(arguments: 30...120)
    func `the table fits every terminal from thirty columns on`(width: Int) {
        for line in StatusText(status: Samples.status, screen: Screen(width: width)).lines.prefix(6) {
            #expect(TextWidth.of(line) <= width)
        }
    }
}
