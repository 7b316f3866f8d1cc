/// Text from elsewhere, made fit for one line of a terminal.
nonisolated enum StatusText {
    /// The text without blanks around it, at most `most` bytes of it, cut between characters.
    ///
    /// What would move the cursor, change colors or turn the direction of writing becomes a blank.
    static func sanitized(_ text: some StringProtocol, most: Int = 256) -> String {
        var clean = String.UnicodeScalarView()
        // A longer text is cut below in any case, and need not be looked at.
        for scalar in text.unicodeScalars.prefix(most + 64) { clean.append(disturbs(scalar) ? " " : scalar) }
        var cut = ""
        for character in String(clean).drop(while: \.isWhitespace) {
            guard cut.utf8.count + character.utf8.count <= most else { break }
            cut.append(character)
        }
        while cut.last?.isWhitespace == true { cut.removeLast() }
        return cut
    }

    private static func disturbs(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Marks, embeddings and overrides of direction (UAX #9, 2).
        case .format:
            [0x061C, 0x200E, 0x200F].contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
        default: false
        }
    }
}
