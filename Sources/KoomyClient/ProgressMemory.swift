import KoomyWire

/// Tells news from what was told before a connection broke.
///
/// A daemon that is asked again either goes on where it was, or begins again from the first line.
struct ProgressMemory {
    private var told: [CommandProgress] = []
    /// How many lines of this connection are those of the beginning; nil where it has gone on with others.
    private var repeated: Int?

    /// From now on the lines are those of another connection.
    mutating func reconnected() { repeated = 0 }

    /// Whether these news were not told before.
    mutating func isNew(_ progress: CommandProgress) -> Bool {
        if let index = repeated, index < told.count, told[index] == progress {
            repeated = index + 1
            return false
        }
        repeated = nil
        told.append(progress)
        return true
    }
}
