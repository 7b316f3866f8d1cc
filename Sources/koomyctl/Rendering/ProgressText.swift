import KoomyWire

/// What a command says while it waits.
struct ProgressText {
    var screen: Screen

    /// `api:1: worker is ready`.
    func line(_ progress: CommandProgress) -> String {
        let slot = progress.slot.map { ":\($0)" } ?? ""
        let subject = progress.app.map { "\(screen.clean($0))\(slot): " } ?? ""
        return subject + screen.clean(progress.message)
    }

    /// The same as the one line that is written over again and again; it never wraps.
    func liveLine(_ progress: CommandProgress) -> String {
        let width = max(1, (screen.width ?? 80) - 1)
        return "\r" + TextWidth.cut(line(progress), to: width, mark: screen.ellipsis) + "\u{1B}[K"
    }

    /// Takes the live line away.
    static let clearLine = "\r\u{1B}[K"
}
