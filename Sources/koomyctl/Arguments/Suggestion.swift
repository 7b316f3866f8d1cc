/// Guesses which of the known words was meant by one that is not known.
enum Suggestion {
    /// The closest word; nil where none is close.
    static func among(_ known: [String], for word: String) -> String? {
        let typed = Array(word.lowercased())
        guard !typed.isEmpty else { return nil }
        let ranked = known.map { candidate in
            let letters = Array(candidate.lowercased())
            // The beginning of a longer word was probably meant as that word.
            let isBeginning = typed.count >= 2 && letters.starts(with: typed)
            return (word: candidate, distance: isBeginning ? 1 : distance(typed, letters), length: letters.count)
        }
        guard let best = ranked.min(by: { ($0.distance, $0.length, $0.word) < ($1.distance, $1.length, $1.word) })
        else { return nil }
        return best.distance <= max(1, min(typed.count, best.length) / 3) ? best.word : nil
    }

    /// How many letters are wrong, missing, too many or swapped with their neighbour (optimal string alignment).
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let cost = left[row] == right[column] ? 0 : 1
                var least = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
