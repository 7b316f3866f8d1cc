/// The entries of one mapping while it is read: own ones, and those that `<<` brings in.
struct MappingPairs {
    private var own: [Node.Pair] = []
    private var places: [String: SourceText.Place] = [:]
    private var merged: [Node.Pair] = []

    /// Adds an entry; a key that is there already is an error that names both places.
    mutating func add(_ pair: Node.Pair, report: Report) {
        if let first = places[pair.key] {
            let name = Scalar(text: pair.key, value: .string).quotedText
            report.error(
                at: pair.keyPlace,
                path: pair.key,
                "the key \(name) stands twice in this mapping",
                hint: "the first one is at \(first.line):\(first.column)"
            )
            return
        }
        places[pair.key] = pair.keyPlace
        own.append(pair)
    }

    /// Brings in the entries of a mapping, or of several, the earlier of which win (yaml.org/type/merge.html).
    mutating func merge(_ value: Node, report: Report) {
        let sources: [Node]
        if case .sequence(let items) = value.content { sources = items } else { sources = [value] }
        for source in sources {
            guard case .mapping(let pairs) = source.content else {
                report.error(
                    at: source.place,
                    path: "<<",
                    "<< brings in a mapping, not \(source.summary)",
                    hint: "for example <<: *defaults"
                )
                continue
            }
            merged += pairs
        }
    }

    /// Own entries first; of equal keys the first counts.
    ///
    /// `mergedWeight` is what merging added to the tree.
    var all: (pairs: [Node.Pair], mergedWeight: Int) {
        var seen = Set(places.keys)
        let added = merged.filter { seen.insert($0.key).inserted }
        return (own + added, added.reduce(0) { $0 + 1 + $1.value.weight })
    }
}
