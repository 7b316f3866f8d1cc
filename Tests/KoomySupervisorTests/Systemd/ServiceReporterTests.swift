import KoomyCore
import KoomyModel
import Testing

@testable import KoomySupervisor

/// The line that `systemctl status` shows.
struct ServiceReporterTests {
    /// A fleet that is told that everything it wants has succeeded.
    private struct Desk {
        private(set) var fleet = Fleet()
        private let now = Instant(nanoseconds: 1_000_000_000_000)
        private(set) var workers: [WorkerID] = []

        init(_ apps: [(name: String, instances: Int, goal: DesiredApp.Goal)]) throws {
            var state = DesiredState()
            for app in apps {
                var spec = try AppSpec.example(app.name)
                spec.instances = app.instances
                spec.readiness = .notify
                state[spec.name] = DesiredApp(spec: spec, file: nil, goal: app.goal, generation: Generation(1))
            }
            handle(.booted(state))
        }

        var status: String { ServiceReporter.status(of: fleet) }

        mutating func handle(_ event: Fleet.Event) {
            var events = [event]
            while !events.isEmpty {
                for action in fleet.handle(events.removeFirst(), at: now) {
                    if case .openListeners(let app, let generation) = action {
                        events.append(.listening(app, generation))
                    }
                    if case .spawn(let id) = action {
                        workers.append(id)
                        events.append(.worker(id, .spawned))
                    }
                }
            }
        }

        mutating func makeReady(_ count: Int) {
            for id in workers.prefix(count) { handle(.worker(id, .becameReady(.notify))) }
        }

        mutating func end(_ id: WorkerID) {
            handle(.worker(id, .exited(.exited(code: 0))))
            handle(.worker(id, .treeGone))
        }
    }

    @Test func `without apps there is nothing to count`() throws {
        #expect(ServiceReporter.status(of: Fleet()) == "0 apps, 0 of 0 workers ready")
    }

    @Test func `workers are counted as they become ready`() throws {
        var desk = try Desk([("web", 3, .running)])
        #expect(desk.status == "1 app, 0 of 3 workers ready; web: degraded (0 of 3 workers are ready)")
        desk.makeReady(2)
        #expect(desk.status == "1 app, 2 of 3 workers ready; web: degraded (2 of 3 workers are ready)")
        desk.makeReady(3)
        #expect(desk.status == "1 app, 3 of 3 workers ready")
    }

    @Test func `a stopped app is known, and none of its workers is missed`() throws {
        var desk = try Desk([("web", 2, .running), ("old", 4, .stopped)])
        desk.makeReady(2)
        #expect(desk.status == "2 apps, 2 of 2 workers ready")
    }

    @Test func `apps that are not well are named in order, with the reason`() throws {
        let desk = try Desk([("b", 1, .running), ("a", 2, .running), ("c", 1, .stopped)])
        #expect(
            desk.status == "3 apps, 0 of 3 workers ready; a: degraded (0 of 2 workers are ready); "
                + "b: degraded (0 of 1 workers are ready)"
        )
    }

    @Test func `while koomyd leaves, those that are left are counted`() throws {
        var desk = try Desk([("web", 3, .running)])
        desk.makeReady(3)
        desk.handle(.request(RequestID(1), .shutdown(.drain)))
        #expect(desk.status == "stopping, 3 workers left")
        desk.end(desk.workers[0])
        #expect(desk.status == "stopping, 2 workers left")
    }

    @Test func `where systemd did not start us, reports go nowhere`() throws {
        let reporter = ServiceReporter()
        reporter.ready()
        reporter.reloading()
        reporter.report(try Desk([("web", 1, .running)]).fleet)
        reporter.stopping()
    }
}
