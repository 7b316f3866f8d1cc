/// The entries of a mapping, sorted by what they stand for; unknown and doubled ones are reported.
struct Fields<Key: Vocabulary> {
    private var fields: [Key: Field] = [:]
    /// The way to the mapping.
    let path: String
    let place: SourceText.Place
    private let report: Report

    /// Takes the entries of a mapping that describes `subject`.
    ///
    /// `other` is given each entry of an unknown name and says whether it knows it; `alsoKnown` are such names, for
    /// suggestions.
    init(
        _ pairs: [Node.Pair],
        of subject: String,
        path: String,
        place: SourceText.Place,
        report: Report,
        alsoKnown: [String] = [],
        other: (Node.Pair, _ snakeCase: String) -> Bool = { _, _ in false }
    ) {
        self.path = path
        self.place = place
        self.report = report
        let names = Key.names
        for pair in pairs {
            let name = Spelling.snakeCase(pair.key)
            // YAML's anchors need a place to be defined at; compose files made this one common.
            if pair.key.hasPrefix("x-") { continue }
            if let key = names[name] {
                add(pair, as: key)
            } else if !other(pair, name) {
                reportUnknown(pair, as: name, of: subject, known: Array(names.keys) + alsoKnown)
            }
        }
    }

    private func reportUnknown(_ pair: Node.Pair, as name: String, of subject: String, known: [String]) {
        // A suggestion is looked for only where it will be read.
        let suggestion =
            report.isFull
            ? nil
            : ForeignWords.translation(of: name, among: known)
                ?? Spelling.suggestion(for: name, among: known.sorted())
        let shown = Scalar(text: pair.key, value: .string).quotedText
        report.error(
            at: pair.keyPlace,
            path: Self.join(path, pair.key),
            "unknown attribute \(shown) of \(subject)",
            hint: suggestion.map { "did you mean \"\($0)\"?" } ?? Self.listing
        )
    }

    /// The entry of a key; nil where it is missing or empty.
    subscript(key: Key) -> Field? { fields[key] }

    /// Reports what concerns the mapping as a whole.
    func fail(_ message: String, hint: String? = nil) {
        report.error(at: place, path: path, message, hint: hint)
    }

    static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// A short vocabulary is its own best hint.
    private static var listing: String? {
        Key.allCases.count > 16 ? nil : "known here: " + Key.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private mutating func add(_ pair: Node.Pair, as key: Key) {
        let field = Field(
            name: pair.key,
            path: Self.join(path, pair.key),
            node: pair.value,
            keyPlace: pair.keyPlace,
            report: report
        )
        if let first = fields[key] {
            field.refuse(besides: first)
        } else if !pair.value.isNull {
            fields[key] = field
        }
    }
}
