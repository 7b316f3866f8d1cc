import Glibc
import KoomyClient
import KoomyConfig
import KoomyModel
import KoomySystem
import KoomyWire

/// The app that is deployed, as its ecosystem file describes it.
struct DeployTarget {
    var app: AppSpec
    var deploy: DeploySpec
    /// The ecosystem file, absolute; it may lead through the link `current`.
    var file: String
    /// False on the first deployment: koomyd has yet to hear of it.
    var isKnown: Bool

    var layout: DeployLayout { DeployLayout(root: deploy.root) }

    /// Whether anything of it leads through the link, so that another release makes a difference.
    func leadsThroughLink() -> Bool {
        let link = deploy.link
        return [app.workingDirectory, app.command.script, app.command.interpreter ?? "", file]
            .contains { $0 == link || $0.hasPrefix(link + "/") }
    }

    /// Reads an app out of an ecosystem file.
    ///
    /// `file` is what koomyd calls it; `place` is where its text is, if elsewhere: in a release that the link does not
    /// lead to yet.
    static func read(
        _ name: AppName,
        from file: String,
        in place: String? = nil,
        isKnown: Bool,
        _ environment: [String: String]
    ) throws(DeployFailure) -> DeployTarget {
        let context = LoadContext(
            currentDirectory: "/",
            homeDirectory: environment["HOME"],
            processorCount: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        )
        let apps: [AppSpec]
        do throws(ConfigurationError) {
            apps = try EcosystemFile.load(path: file, from: place, context: context).apps
        } catch {
            let diagnostics = error.diagnostics.map(DiagnosticView.init)
            throw DeployFailure(
                ErrorView(.badConfiguration, message: "\(place ?? file) is not valid", diagnostics: diagnostics)
            )
        }
        guard let app = apps.first(where: { $0.name == name }) else {
            let guess = Suggestion.among(apps.map(\.name.text), for: name.text)
            let list = "it has \(apps.map(\.name.text).joined(separator: ", "))"
            throw DeployFailure(
                .badConfiguration,
                "\(place ?? file) has no app \(name.text)",
                hint: guess.map { "did you mean \($0)?" } ?? list
            )
        }
        guard let deploy = app.deploy else {
            throw DeployFailure(
                .badConfiguration,
                "\(name.text) has no deploy block in \(place ?? file)",
                hint: "give it one: deploy: {path: /srv/\(name.text)}"
            )
        }
        return DeployTarget(app: app, deploy: deploy, file: file, isKnown: isKnown)
    }
}
