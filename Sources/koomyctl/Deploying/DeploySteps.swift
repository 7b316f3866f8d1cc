import KoomyModel
import KoomySystem
import KoomyWire

/// Shows the steps of a deployment as they begin, and remembers how long each took.
final class DeploySteps {
    private let app: String
    private let options: GlobalOptions
    private let errors: Screen
    private(set) var taken: [ReleaseRecord.Step] = []

    init(_ app: AppName, _ session: Session) {
        self.app = app.text
        options = session.options
        errors = session.errors
    }

    /// Does one step: `step` is a word for programs, `message` says to people what is being done.
    func perform<Result>(
        _ step: String,
        _ message: String,
        _ body: () throws(DeployFailure) -> Result
    ) throws(DeployFailure) -> Result {
        tell(step, message)
        let begin = MonotonicClock.now()
        let result = try body()
        taken.append(ReleaseRecord.Step(step: step, tookMs: (MonotonicClock.now() - begin).milliseconds))
        return result
    }

    /// Says what is being done, or was.
    func tell(_ step: String, _ message: String) {
        let progress = CommandProgress(app: app, message: message, step: step)
        if options.json {
            Output.printJSON(CommandMessage.progress(progress))
        } else if !options.quiet {
            Output.print(ProgressText(screen: errors).line(progress), to: .errors)
        }
    }

    /// Passes on a line of the build.
    func tell(buildLine line: String) {
        if options.json {
            tell("build_output", line)
        } else if !options.quiet {
            Output.print("  \(errors.clean(line))", to: .errors)
        }
    }

    /// `copying 340ms, building 12s`.
    var summary: String {
        taken.filter { $0.tookMs >= 10 }
            .map { "\($0.step.replacing("_", with: " ")) \(Quantity.span(milliseconds: $0.tookMs))" }
            .joined(separator: ", ")
    }
}
