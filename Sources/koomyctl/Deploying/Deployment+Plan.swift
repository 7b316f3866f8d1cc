import KoomyModel
import KoomyWire

// MARK: - What would be done

extension Deployment {
    /// The answer with `--json`.
    private struct Plan: Encodable {
        var app: String
        var root: String
        var file: String
        var known: Bool
        var source: String
        var revision: String?
        var bytes: UInt64?
        var shared: [String]
        var build: [String]?
        var rehearse: Bool
        var keep: Int
    }

    /// Looks at everything and changes nothing.
    func explain(_ target: DeployTarget) throws(DeployFailure) -> Int32 {
        let deploy = target.deploy
        var plan = Plan(
            app: wish.app.text,
            root: deploy.root,
            file: target.file,
            known: target.isKnown,
            source: "",
            shared: deploy.shared,
            build: deploy.build?.arguments,
            rehearse: target.isKnown && wish.rehearses && deploy.rehearsal != nil,
            keep: deploy.keep
        )
        switch wish.source {
        case .release(let id):
            let folders = ReleaseFolders(layout: target.layout, tools: tools)
            guard folders.complete.contains(id) else {
                throw DeployFailure(.usage, "\(target.layout.releases) has no release \(id.text)")
            }
            plan.source = "release \(id.text)"
            plan.revision = ReleaseRecord.read(target.layout.record(id))?.revision
        case .git(let reference, let repository?) where ReleaseSource.isRemote(repository):
            // What it is, only fetching it tells.
            plan.source = "\(reference) of \(ReleaseSource.withoutPassword(repository))"
        case .git, .path:
            try SharedLinks(layout: target.layout, paths: deploy.shared).check()
            let source = try source(target)
            (plan.source, plan.revision, plan.bytes) = (source.name, source.revision, source.size)
        }
        if session.options.json {
            Output.printJSON(plan)
        } else {
            Output.print(lines(of: plan).map(session.results.clean))
        }
        return ExitCode.done.rawValue
    }

    private func lines(of plan: Plan) -> [String] {
        let revision = plan.revision.map { ", revision \($0.prefix(12))" } ?? ""
        var lines = ["would make a release of \(plan.source) below \(plan.root)/releases" + revision]
        if case .release = wish.source { lines = ["would use \(plan.source) below \(plan.root)/releases" + revision] }
        if !plan.shared.isEmpty { lines.append("would link \(plan.shared.joined(separator: ", "))") }
        if let build = plan.build { lines.append("would build it: \(build.joined(separator: " "))") }
        if plan.known {
            lines.append(
                "would have koomyd \(plan.rehearse ? "rehearse it and " : "")replace the workers of \(plan.app)"
            )
        } else {
            lines.append("would have \(plan.root)/current lead to it, and start \(plan.app)")
        }
        return lines + ["would keep \(Quantity.counted(plan.keep, "release")); nothing was changed"]
    }
}
