/// The quoting of a shell, without any expansion.
enum ShellWords {
    /// Splits a line as sh(1) does: at blanks; `'…'`, `"…"` and `\` keep what they hold together.
    ///
    /// nil where a quote is not closed.
    static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = line.makeIterator()
        while let character = characters.next() {
            switch (character, quote) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case ("'", nil), ("\"", nil):
                quote = character
                word = word ?? ""
            case ("\\", nil):
                guard let next = characters.next() else { return nil }
                word = (word ?? "") + String(next)
            case ("\\", "\""):
                guard let next = characters.next() else { return nil }
                word = (word ?? "") + (next == "\"" || next == "\\" ? "" : "\\") + String(next)
            case (" ", nil), ("\t", nil), ("\n", nil), ("\r\n", nil):
                if let word { words.append(word) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        return words + (word.map { [$0] } ?? [])
    }

    /// The text as one word for a shell.
    static func quoted(_ text: some StringProtocol) -> String {
        let isPlain = text.utf8.allSatisfy { ASCII.isAlphanumeric($0) || "./_-".utf8.contains($0) }
        if isPlain, !text.isEmpty { return String(text) }
        var result = "'"
        for character in text { result += character == "'" ? #"'\''"# : String(character) }
        return result + "'"
    }
}
