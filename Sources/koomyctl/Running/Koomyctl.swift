import KoomySystem
import KoomyWire

/// The program: understands its command line and does what it says.
enum Koomyctl {
    /// - Returns: The exit code.
    static func run(_ words: [String]) -> Int32 {
        let environment = ThisProcess.environment
        let invocation: Invocation
        do {
            invocation = try ArgumentParser.parse(words)
        } catch {
            return refuse(error, inJSON: words.contains(Option.json.text), environment)
        }
        return Session(invocation.options, environment: environment).perform(invocation.action)
    }

    private static func refuse(_ error: UsageError, inJSON: Bool, _ environment: [String: String]) -> Int32 {
        if inJSON {
            Output.printJSON(ErrorAnswer(error: ErrorView(.usage, message: error.message, hint: error.hint)))
        } else {
            let screen = Environment.screen(of: .errors, environment, noColor: false)
            Output.print("koomyctl: \(screen.clean(error.message))", to: .errors)
            if let hint = error.hint { Output.print(screen.clean(hint), to: .errors) }
            Output.print("try: koomyctl help\(error.command.map { " \($0.rawValue)" } ?? "")", to: .errors)
        }
        return ExitCode.usage.rawValue
    }
}
