import KoomyClient
import KoomyModel
import KoomyWire

/// `koomyctl history`.
extension Session {
    func history(_ wish: HistoryWish) -> Int32 {
        withClient("history") { client throws(ClientError) in
            var view: DeploymentsView
            do throws(ClientError) {
                view = try client.deployments(of: wish.app.text)
            } catch .refused(let error, _) where error.code == Outcome.noSuchApp.rawValue {
                return fail("history", unknownApp(wish.app.text, among: try client.status().apps))
            }
            guard let generation = wish.generation else {
                view.deployments = Array(view.deployments.prefix(wish.count))
                if options.json {
                    Output.printJSON(view)
                } else {
                    let text = HistoryText(view: view, screen: results, stamp: LocalTime.text(milliseconds:))
                    Output.print(text.lines)
                }
                return ExitCode.done.rawValue
            }
            guard let deployment = view.deployments.first(where: { $0.generation == generation }) else {
                let known = view.deployments.map { "\($0.generation)" }.joined(separator: ", ")
                let message = "\(wish.app.text) has no deployment of generation \(generation) that is remembered"
                let hint = known.isEmpty ? nil : "there are \(known)"
                return fail("history", ErrorView(.noSuchApp, message: message, hint: hint))
            }
            if options.json {
                Output.printJSON(deployment)
            } else {
                let text = DeploymentText(view: deployment, screen: results, stamp: LocalTime.text(milliseconds:))
                Output.print(text.lines)
            }
            return ExitCode.done.rawValue
        }
    }
}
