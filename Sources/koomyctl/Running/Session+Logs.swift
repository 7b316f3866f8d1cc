import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// `koomyctl logs`.
extension Session {
    func logs(_ request: LogsRequest) -> Int32 {
        withClient("logs") { client throws(ClientError) in
            let apps = try client.status().apps
            if let unknown = unknownTarget(request.targets, apps) {
                return fail("logs", unknownApp(unknown, among: apps))
            }
            do throws(LogRefusal) {
                return show(try LogSelection(request, among: apps), request, client)
            } catch {
                return fail("logs", error.view)
            }
        }
    }

    private func unknownTarget(_ targets: [Target], _ apps: [AppView]) -> String? {
        for target in targets {
            switch target {
            case .all: continue
            case .app(let name), .worker(let name, _):
                if !apps.contains(where: { $0.name == name.text }) { return name.text }
            }
        }
        return nil
    }

    private func show(_ selection: LogSelection, _ request: LogsRequest, _ client: ControlClient) -> Int32 {
        let now = WallClock.now()
        selection.notes.forEach(note)
        if let since = request.since?.time(now: now), let until = request.until?.time(now: now), until < since {
            return fail("logs", ErrorView(.usage, message: "--until is before --since"))
        }
        guard selection.inputs.isEmpty else {
            for app in selection.journals {
                note("\(app): its lines are in the journal: koomyctl logs \(app), or journalctl -t \(app)")
            }
            return LogSession(self, selection.inputs, request, now: now) { inputs(of: request, client) }.run()
        }
        guard selection.journals.isEmpty else {
            let query = JournalQuery(
                apps: selection.journals,
                request: request,
                isJSON: options.json,
                isQuiet: options.quiet,
                now: now
            )
            return fail("logs", query.execute(environment))
        }
        if selection.notes.isEmpty { note("nothing is logged to files") }
        return ExitCode.done.rawValue
    }

    /// The files as they are now, where koomyd says it at once; a reader of files does without it.
    private func inputs(of request: LogsRequest, _ client: ControlClient) -> [LogSelection.Input]? {
        var client = client
        (client.contactPatience, client.connectTimeout, client.answerTimeout) = (.zero, .seconds(1), .seconds(1))
        guard let apps = try? client.status().apps else { return nil }
        return try? LogSelection(request, among: apps).inputs
    }
}
