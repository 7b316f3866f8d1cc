import TestSupport
import Testing

/// More workers, and fewer, while requests come in.
@Suite(.serialized) struct ScaleTests {
    @Test(arguments: LoadGenerator.Style.allCases)
    func `up and down under load fails no request`(_ style: LoadGenerator.Style) throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api()))
            let first = try daemon.app("api").readyPids
            let (_, report) = try underLoad(daemon, style: style) {
                for (change, count) in [("4", 4), ("+2", 6), ("-3", 3), ("1", 1), ("2", 2)] {
                    try daemon.mustCtl("scale", "api", change)
                    let app = try daemon.app("api")
                    #expect(app.isSteady(count), "after \(change): \(app)")
                    #expect(app.instances == count)
                    #expect(Set(app.workers.map(\.slot)) == Set(0..<count))
                }
            }
            #expect(report.failed == 0, "\(report)")
            #expect(report.ok == report.begun)
            // The lowest slots stay.
            #expect(try !daemon.app("api").readyPids.isDisjoint(with: first))
        }
    }

    @Test func `slots that stay keep their workers`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 3)))
            let before = try daemon.app("api")
            try daemon.mustCtl("scale", "api", "5")
            try daemon.mustCtl("scale", "api", "2")
            let after = try daemon.app("api")
            for slot in 0..<2 {
                let (old, new) = (
                    before.workers.first { $0.slot == slot }?.pid, after.workers.first { $0.slot == slot }?.pid
                )
                #expect(old != nil && old == new, "slot \(slot)")
            }
        }
    }

    @Test func `no app and no number are told apart by exit code`() throws {
        try Daemon.with { daemon in
            try daemon.start(Ecosystem.file(Ecosystem.api(instances: 1)))
            #expect(try daemon.ctl("scale", "apu", "2").code == 2)
            #expect(try daemon.ctl("scale", "api", "many").code == 64)
            #expect(try daemon.app("api").isSteady(1))
        }
    }
}
