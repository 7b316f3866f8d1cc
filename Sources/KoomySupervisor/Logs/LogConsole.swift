import KoomyModel
import KoomySystem

/// Standard output of a koomyd in the foreground, where each line says whose it is.
package final class LogConsole {
    let file = LogFile(console: { _, _ in })
    private let isColoured: Bool

    /// - Parameter isColoured: Whether workers are told apart by colours.
    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// `api:0 | `, in the colour of the slot.
    func prefix(_ source: LogTable.Source) -> [UInt8] {
        let words = "\(source.id.app):\(source.slot) | "
        guard isColoured else { return Array(words.utf8) }
        let colour = Self.colours[source.slot % Self.colours.count]
        // A worker that has left colours of its own behind does not change those of others.
        return Array("\u{1B}[0;\(source.stream == .error ? 31 : colour)m\(words)\u{1B}[0m".utf8)
    }

    /// Cyan, green, yellow, blue, magenta and the bright ones; red is for what a worker calls an error (ECMA-48, 8.3.117).
    private static let colours = [36, 32, 33, 34, 35, 96, 92, 93, 94, 95]
}
