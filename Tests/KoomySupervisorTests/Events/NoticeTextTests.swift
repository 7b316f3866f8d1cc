import KoomyModel
import KoomyWire
import Testing

@testable import KoomyCore
@testable import KoomySupervisor

struct NoticeTextTests {
    private static let missing = StartFailure(step: .execute, errno: 2, subject: "/srv/api")
    private static let exited = Worker.Ending(reason: .exited(code: 1), departure: nil, stage: .stable)
    private static let failure = Rollout.Failure(outcome: .unhealthy, slot: 2, detail: "HTTP 500")

    /// One of each kind, and what it is called.
    private static let notices: [(Notice.Kind, EventType)] = [
        (.workerStarting(serial: 7, slot: 2, Generation(3)), .workerStarted),
        (.workerReady(serial: 7, slot: 2, Generation(3), .notify, after: .milliseconds(1_234)), .workerReady),
        (.workerFaltered(serial: 7, slot: 2, .notReady), .workerReadyTimeout),
        (.workerFaltered(serial: 7, slot: 2, .hung), .workerHung),
        (.workerFaltered(serial: 7, slot: 2, .unhealthy("HTTP 500")), .workerUnhealthy),
        (.workerLeaving(serial: 7, slot: 2, .scaledDown), .workerDraining),
        (.workerEnded(serial: 7, slot: 2, exited), .workerExited),
        (
            .workerEnded(
                serial: 7,
                slot: 2,
                Worker.Ending(reason: .failedToStart(missing), departure: nil, stage: .unproven)
            ), .workerStartFailed
        ),
        (.workerParting(serial: 7, slot: 2, .replaced, .seconds(2)), .workerParting),
        (.workerParting(serial: 7, slot: 2, .replaced, .zero), .workerParting),
        (.hookFailed(serial: 7, slot: 2, "exit code 1"), .workerHookFailed),
        (.workerLingering(serial: 7, slot: 2, 3, .seconds(60)), .workerLingering),
        (.workerLingering(serial: 7, slot: 2, nil, .seconds(60)), .workerLingering),
        (.workerIdled(serial: 7, slot: 2), .workerIdle),
        (.workerForced(serial: 7, slot: 2), .workerKilled), (.workerGone(serial: 7, slot: 2), .workerGone),
        (.restartScheduled(slot: 2, delay: .seconds(15)), .workerBackoff),
        (.incident(scout: 2, .exited(code: 1)), .appIncident), (.finished(slot: 2, .exited(code: 0)), .workerFinished),
        (.errored(unstableEnds: 10, .exited(code: 1)), .workerErrored),
        (.unstartable(slot: 2, missing), .workerErrored),
        (.retrying(slot: 2), .workerBackoff), (.recovered, .appRecovered),
        (.recycling(slot: 2, .memory(ByteCount(bytes: 300 << 20))), .workerRecycling),
        (.recycling(slot: 2, .age), .workerRecycling), (.recycling(slot: 2, .schedule), .workerRecycling),
        (.recycling(slot: 2, .unhealthy("HTTP 500")), .workerRecycling),
        (.recycling(slot: 2, .requested), .workerRecycling), (.recycled(slot: 2), .workerRecycled),
        (.recycleFailed(slot: 2, "HTTP 500"), .workerRecycled),
        (.rolloutBegan(from: Generation(3), to: Generation(4), slots: 5, order: .newFirst), .rolloutStarted),
        (.rolloutBegan(from: Generation(3), to: Generation(4), slots: 1, order: .stopFirst), .rolloutStarted),
        (.rolloutAdvanced(done: 1, total: 5, slot: 2), .rolloutProgress),
        (.rollbackBegan(failure, slots: 2), .rolloutProgress),
        (.rolloutEnded(to: Generation(4), .done, detail: ""), .rolloutEnded),
        (.cannotListen("bind: Address already in use"), .listenerFailed), (.added, .appAdded), (.scaled(4), .appScaled),
        (.reset, .appReset), (.deleted, .appDeleted), (.stopped, .appState),
        (.unsaved("No space left on device"), .stateUnsaved), (.saved, .stateSaved),
    ]

    private func message(_ kind: Notice.Kind) -> String { NoticeText(kind).message }

    @Test func `every notice has its type, and words on one line`() {
        for (kind, type) in Self.notices {
            let text = NoticeText(kind)
            #expect(text.type == type, "\(kind)")
            #expect(!text.message.isEmpty && !text.message.contains("\n"), "\(kind)")
            // Nothing of how it is written in Swift.
            #expect(!text.message.contains("Optional(") && !text.message.contains("nil"), "\(text.message)")
            for name in ["KoomyCore", "Generation(", "StartFailure(", "Failure("] {
                #expect(!text.message.contains(name), "\(text.message)")
            }
        }
    }

    @Test func `a notice of a worker names it, one of a slot names that`() {
        for (kind, type) in Self.notices where type.rawValue.hasPrefix("worker.") {
            if case .errored = kind { continue }
            #expect(NoticeText(kind).slot == 2, "\(kind)")
        }
        let started = NoticeText(.workerStarting(serial: 7, slot: 2, Generation(3)))
        #expect(started.serial == 7 && started.generation == 3)
        #expect(NoticeText(.workerGone(serial: 7, slot: 2)).serial == 7)
        let rollout = NoticeText(.rolloutBegan(from: Generation(3), to: Generation(4), slots: 5, order: .newFirst))
        #expect(rollout.generation == 4 && rollout.slot == nil && rollout.serial == nil)
        #expect(NoticeText(.rollbackBegan(Self.failure, slots: 1)).slot == 2)
        #expect(NoticeText(.added).slot == nil)
    }

    @Test func `readiness says how fast and by what`() {
        func text(_ span: TimeSpan) -> String {
            message(.workerReady(serial: 1, slot: 0, Generation(1), .probe, after: span))
        }
        #expect(text(.milliseconds(1_234)) == "ready after 1234ms (probe)")
        #expect(text(.milliseconds(9_999)) == "ready after 9999ms (probe)")
        #expect(text(.milliseconds(10_999)) == "ready after 10s (probe)")
        #expect(text(.zero) == "ready after 0ms (probe)")
    }

    @Test func `an end says whether it was asked for and how far the worker came`() {
        func text(_ reason: ExitReason, _ departure: Worker.Departure?, _ stage: Worker.Stage) -> String {
            message(.workerEnded(serial: 1, slot: 0, .init(reason: reason, departure: departure, stage: stage)))
        }
        #expect(text(.exited(code: 3), nil, .unproven) == "ended before it was ready: exit code 3")
        #expect(text(.signaled(.kill, dumpedCore: false), nil, .stable) == "ended: SIGKILL")
        #expect(text(.signaled(.abort, dumpedCore: true), .hung, .fresh) == "left (hung): SIGABRT (core dumped)")
        #expect(text(.failedToStart(Self.missing), nil, .unproven).contains("/srv/api: No such file or directory"))
    }

    @Test func `numbers of one and of many read well`() {
        #expect(message(.scaled(1)) == "1 instance from now on")
        #expect(message(.scaled(0)) == "0 instances from now on")
        #expect(
            message(.rollbackBegan(Self.failure, slots: 1)) == "HTTP 500; 1 worker goes back to the generation before"
        )
        #expect(
            message(.rollbackBegan(.init(outcome: .aborted, slot: nil, detail: ""), slots: 2))
                == "aborted; 2 workers go back to the generation before"
        )
    }

    @Test(arguments: RolloutOutcome.allCases)
    func `every outcome has words of its own`(_ outcome: RolloutOutcome) {
        #expect(RolloutOutcome.allCases.count { $0.words == outcome.words } == 1)
        #expect(message(.rolloutEnded(to: Generation(2), outcome, detail: "")) == outcome.words)
        #expect(message(.rolloutEnded(to: Generation(2), outcome, detail: "slot 1")) == outcome.words + ": slot 1")
    }

    @Test func `memory is told in mebibytes`() {
        #expect(
            message(.recycling(slot: 0, .memory(ByteCount(bytes: 300 << 20)))) == "replaced, because it uses 300 MiB"
        )
    }
}
