/// Helps whoever has mistyped a name.
enum NameSuggestion {
    /// What to try instead of a name that is not known, as a sentence.
    static func hint(for name: String, among known: [String]) -> String {
        guard !known.isEmpty else { return "no app is known; koomyctl start FILE adds those of a file" }
        let typed = Array(name.lowercased())
        let ranked = known.map { (name: $0, distance: distance(typed, Array($0.lowercased()))) }
        if let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }),
            best.distance <= max(1, typed.count / 3)
        {
            return "did you mean \"\(best.name)\"?"
        }
        let shown = known.sorted().prefix(8)
        return "known apps: \(shown.joined(separator: ", "))" + (known.count > shown.count ? " and others" : "")
    }

    /// How many letters have to be changed, added or removed (Levenshtein).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let substituted = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
