/// Brings the lines of several files into the order of their times.
///
/// A line without a time stays behind the one before it. Lines of which none has a time come file by file, those of the
/// file that was written last at the end.
final class LogMerge<Source> {
    /// What lines come from.
    struct Input {
        var source: Source
        /// The next line, or piece of one; nil where there is none now.
        var next: () -> LogEntry?
        /// Orders files whose lines have no time.
        var modified: Int64

        init(_ source: Source, modified: Int64, next: @escaping () -> LogEntry?) {
            self.source = source
            self.next = next
            self.modified = modified
        }
    }

    private var inputs: [Input]
    private var heads: [LogEntry?]
    /// Those that had nothing more at the last look.
    private var isDry: [Bool]
    /// The one whose line is not finished.
    private var open: Int?

    init(_ inputs: [Input]) {
        self.inputs = inputs.sorted { $0.modified < $1.modified }
        heads = inputs.map { _ in nil }
        isDry = inputs.map { _ in false }
    }

    /// Adds one whose lines come from now on.
    func add(_ input: Input) {
        inputs.append(input)
        heads.append(nil)
        isDry.append(false)
    }

    /// Whether nothing will ever come.
    var isEmpty: Bool { inputs.isEmpty }

    /// Has those asked again that had nothing more.
    func look() { isDry = inputs.map { _ in false } }

    /// The next line; nil where no input has one now.
    func next() -> (source: Source, entry: LogEntry)? {
        if let index = open {
            // The pieces of a line stay together, unless the rest is not there yet.
            open = nil
            if let entry = inputs[index].next() { return handOut(index, entry) }
            isDry[index] = true
        }
        var first: Int?
        for index in inputs.indices {
            if heads[index] == nil, !isDry[index] {
                heads[index] = inputs[index].next()
                isDry[index] = heads[index] == nil
            }
            guard let time = heads[index]?.time else { continue }
            if let best = first, let least = heads[best]?.time, least <= time { continue }
            first = index
        }
        guard let index = first, let entry = heads[index] else { return nil }
        heads[index] = nil
        return handOut(index, entry)
    }

    private func handOut(_ index: Int, _ entry: LogEntry) -> (source: Source, entry: LogEntry) {
        open = entry.piece.ends ? nil : index
        return (inputs[index].source, entry)
    }
}
