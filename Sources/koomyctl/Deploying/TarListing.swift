import KoomyWire

/// What `tar --list --verbose --numeric-owner --quoting-style=escape` says of a tarball.
struct TarListing: Equatable {
    /// How many bytes its files take.
    private(set) var size: UInt64 = 0
    private(set) var names: [String] = []

    /// - Parameter text: A line for each entry: mode, owner, size, date, time, name, and for a link where it leads.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard words.count == 6, let kind = line.first else { continue }
            // Devices have their numbers in its place.
            size += UInt64(words[2]) ?? 0
            names.append(Self.name(in: words[5], kind))
        }
    }

    private static func name(in text: Substring, _ kind: Character) -> String {
        let mark = kind == "l" ? " -> " : kind == "h" ? " link to " : nil
        guard let mark, let range = text.firstRange(of: mark) else { return String(text) }
        return String(text[..<range.lowerBound])
    }

    /// The first entry that would not lie in the folder that it is unpacked into; nil where all do.
    var outsider: String? {
        names.first { $0.hasPrefix("/") || $0.split(separator: "/").contains("..") }
    }
}
