import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// A reload under requests that are counted.
extension Session {
    func verify(_ request: VerifyRequest) -> Int32 {
        withClient("verify") { client throws(ClientError) in
            let app: AppView
            do throws(ClientError) {
                app = try ControlClient.decode(client.get(client.path(ofApp: request.app.text)))
            } catch .refused(let error, _) where error.code == Outcome.noSuchApp.rawValue {
                return fail("verify", unknownApp(request.app.text, among: try client.status().apps))
            }
            let target: VerifyTarget
            do throws(VerifyTarget.Problem) {
                target = try VerifyTarget(app, path: request.path)
            } catch {
                return fail("verify", ErrorView(.usage, message: error.message, hint: error.hint))
            }
            var last: UInt64 = 0
            try client.events { event in
                last = event.seq
                return true
            }
            do throws(VerifyEnd) {
                let (tally, reload) = try drive(request, target, socketPath: client.socketPath)
                var events: [EventView] = []
                try? client.events(since: last) { event in
                    events.append(event)
                    return true
                }
                return show(VerifyReport(request.app, target, tally, reload: reload, events: events))
            } catch {
                return fail("verify", error.view)
            }
        }
    }

    private func show(_ report: VerifyReport) -> Int32 {
        if options.json {
            Output.printJSON(report)
        } else {
            Output.print(VerifyText(report: report, screen: results, stamp: LocalTime.text(milliseconds:)).lines)
        }
        return report.code
    }

    /// Requests before, during and after the reload.
    private func drive(
        _ request: VerifyRequest,
        _ target: VerifyTarget,
        socketPath: String
    ) throws(VerifyEnd) -> (Load.Tally, VerifyReport.Reload) {
        do {
            var load = try Load(target, request)
            try load.run(until: MonotonicClock.now() + request.duration)
            if load.tally.ok == 0 { throw VerifyEnd(withoutAnswer: load.tally, target) }
            load.endLearning()
            let call = try ReloadCall(request.app, socketPath: socketPath)
            let result = try wait(for: call, under: &load)
            try load.run(until: MonotonicClock.now() + request.duration)
            load.close()
            try load.run(until: MonotonicClock.now() + VerifyRequest.patience + .seconds(1))
            return (load.tally, result)
        } catch let end as VerifyEnd {
            throw end
        } catch {
            throw VerifyEnd(view: ErrorView(.internalError, message: "\(error)"))
        }
    }

    private func wait(for call: ReloadCall, under load: inout Load) throws -> VerifyReport.Reload {
        let progress = ProgressDisplay(errors, isQuiet: options.quiet || options.json)
        defer { progress.clear() }
        let end = options.timeout.map { MonotonicClock.now() + $0 }
        while true {
            if let result = call.result { return result }
            let now = MonotonicClock.now()
            if let end, now >= end {
                throw VerifyEnd(
                    view: ErrorView(.timedOut, message: "the reload was not over in time; koomyd goes on with it")
                )
            }
            try load.run(until: min(now + .milliseconds(250), end ?? now + .seconds(1)), beside: call)
            for news in call.takeNews() { progress.show(news) }
        }
    }
}

/// Why there is no report.
struct VerifyEnd: Error {
    var view: ErrorView

    init(view: ErrorView) { self.view = view }

    init(withoutAnswer tally: Load.Tally, _ target: VerifyTarget) {
        let words = tally.failures.first.map { ": \($0.kind.words)" } ?? ""
        view = ErrorView(
            .trouble,
            message: "no request to \(target.path) was answered\(words); nothing was reloaded",
            hint: "koomyctl verify --path /PATH"
        )
    }
}
