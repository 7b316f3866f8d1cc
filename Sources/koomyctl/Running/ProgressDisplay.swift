import KoomyWire

/// Shows what happens while a command waits: one line that is written over on a terminal, a line each elsewhere.
final class ProgressDisplay {
    private let screen: Screen
    private let isQuiet: Bool
    private var hasLiveLine = false

    init(_ screen: Screen, isQuiet: Bool) {
        self.screen = screen
        self.isQuiet = isQuiet
    }

    func show(_ progress: CommandProgress) {
        guard !isQuiet else { return }
        let text = ProgressText(screen: screen)
        if screen.isTerminal {
            Output.write(Array(text.liveLine(progress).utf8), to: .errors)
            hasLiveLine = true
        } else {
            Output.print(text.line(progress), to: .errors)
        }
    }

    /// Makes room for what is said next.
    func clear() {
        guard hasLiveLine else { return }
        Output.write(Array(ProgressText.clearLine.utf8), to: .errors)
        hasLiveLine = false
    }
}
