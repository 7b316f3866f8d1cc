import KoomyClient
import KoomyModel
import KoomySystem
import KoomyWire

/// Commands that change nothing.
extension Session {
    func status(_ names: [AppName]) -> Int32 {
        withClient("status") { client throws(ClientError) in
            do throws(ClientError) {
                return try showStatus(names, client)
            } catch .noDaemon(let path) {
                return failWithoutDaemon("status", path)
            }
        }
    }

    /// Says that there is no daemon, and which workers serve all the same.
    private func failWithoutDaemon(_ verb: String, _ path: String) -> Int32 {
        var error = ClientError.noDaemon(path: path).view
        let workers = RunFolder(ofSocket: path).workers().count
        guard workers > 0 else { return fail(verb, error) }
        let remark =
            workers == 1
            ? "1 worker still runs without koomyd; start it and it takes that back"
            : "\(workers) workers still run without koomyd; start it and it takes them back"
        if options.json { error.hint = remark }
        let code = fail(verb, error)
        if !options.json { Output.print(remark, to: .errors) }
        return code
    }

    private func showStatus(_ names: [AppName], _ client: ControlClient) throws(ClientError) -> Int32 {
        // The usual case of a monitor: nothing has to be understood to be passed on.
        if options.json, names.isEmpty {
            Output.printJSON(line: try client.get("/v1/status"))
            return ExitCode.done.rawValue
        }
        var status = try client.status()
        if !names.isEmpty {
            for name in names where !status.apps.contains(where: { $0.name == name.text }) {
                return fail("status", unknownApp(name.text, among: status.apps))
            }
            status.apps.removeAll { app in !names.contains { $0.text == app.name } }
        }
        if options.json {
            Output.printJSON(status)
        } else {
            Output.print(StatusText(status: status, screen: results).lines)
        }
        return ExitCode.done.rawValue
    }

    func describe(_ names: [AppName]) -> Int32 {
        withClient("describe") { client throws(ClientError) in
            let wanted = try names.isEmpty ? client.status().apps.map(\.name) : names.map(\.text)
            for (index, name) in wanted.enumerated() {
                let body: [UInt8]
                do throws(ClientError) {
                    body = try client.get(client.path(ofApp: name))
                } catch .refused(let error, _) where error.code == Outcome.noSuchApp.rawValue {
                    return fail("describe", unknownApp(name, among: try client.status().apps))
                }
                if options.json {
                    Output.printJSON(line: body)
                } else {
                    let app: AppView = try ControlClient.decode(body)
                    let text = DescribeText(app: app, screen: results, stamp: LocalTime.text(milliseconds:))
                    Output.print((index > 0 ? [""] : []) + text.lines)
                }
            }
            return ExitCode.done.rawValue
        }
    }

    func events(follow: Bool, since: UInt64?) -> Int32 {
        let text = EventText(screen: results, stamp: LocalTime.text(milliseconds:))
        return withClient("events") { client throws(ClientError) in
            try client.eventLines(since: since, follow: follow, onAway: noteAbsence) { line throws(ClientError) in
                if options.json {
                    Output.printJSON(line: line)
                } else {
                    Output.print(text.line(try ControlClient.decode(line)))
                }
                return true
            }
            return ExitCode.done.rawValue
        }
    }

    func daemonStatus() -> Int32 {
        withClient("daemon status") { client throws(ClientError) in
            let status = try client.status()
            if options.json {
                Output.printJSON(status.daemon)
            } else {
                Output.print(DaemonText(status: status, socketPath: client.socketPath, screen: results).lines)
            }
            return ExitCode.done.rawValue
        }
    }
}
