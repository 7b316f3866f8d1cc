/// Finds what was meant by a misspelt name.
enum Spelling {
    /// The closest of the names, where one is close enough to be meant.
    static func suggestion(for name: String, among names: some Sequence<String>) -> String? {
        let limit = max(1, min(3, name.count / 3))
        var best: (name: String, distance: Int)?
        for candidate in names where abs(candidate.count - name.count) <= limit {
            let distance = distance(Array(name.lowercased().utf8), Array(candidate.utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// How many letters were added, left out, replaced, or swapped with their neighbour (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let substitution = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
                var cost = min(last[column] + 1, current[column - 1] + 1, substitution)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    cost = min(cost, beforeLast[column - 2] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }

    /// `maxMemoryRestart` as `max_memory_restart`; a name that is written so already stays.
    static func snakeCase(_ name: String) -> String {
        var result = ""
        for byte in name.utf8 {
            if ASCII.isUppercase(byte) {
                if !result.isEmpty, result.utf8.last != UInt8(ascii: "_") { result += "_" }
                result.unicodeScalars.append(UnicodeScalar(byte | 0x20))
            } else {
                result.unicodeScalars.append(UnicodeScalar(byte))
            }
        }
        return name.utf8.allSatisfy { $0 < 0x80 } ? result : name
    }
}
