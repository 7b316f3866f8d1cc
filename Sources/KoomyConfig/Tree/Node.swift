/// A value of a YAML or JSON text, and where it stands.
struct Node: Sendable {
    enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Pair])
    }

    /// An entry of a mapping; the keys of one mapping differ.
    struct Pair: Sendable {
        let key: String
        let keyPlace: SourceText.Place
        let value: Node
    }

    let content: Content
    let place: SourceText.Place
    /// How many nodes it is with all its aliases written out.
    let weight: Int

    /// How many levels it has, itself included.
    let height: Int

    init(_ content: Content, place: SourceText.Place) {
        self.content = content
        self.place = place
        let children: [Node] =
            switch content {
            case .scalar: []
            case .sequence(let items): items
            case .mapping(let pairs): pairs.map(\.value)
            }
        weight = children.reduce(1) { $0 + $1.weight }
        height = 1 + children.reduce(0) { max($0, $1.height) }
    }

    var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.value == .null } else { false }
    }

    var scalar: Scalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    /// What it is, for a message: `the text "x"`, `a list`.
    var summary: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar(let scalar):
            switch scalar.value {
            case .null: "nothing"
            case .bool: "\(scalar.text)"
            case .integer, .float: "the number \(scalar.text)"
            case .string: "the text \(scalar.quotedText)"
            }
        }
    }
}

/// A scalar: the text as it was written, without its quotes and escapes, and what it means.
struct Scalar: Sendable {
    enum Value: Hashable, Sendable {
        case null
        case bool(Bool)
        /// nil where it is outside of 64 bits.
        case integer(Int64?)
        case float(Double)
        case string
    }

    let text: String
    let value: Value

    /// The text in quotes, cut where it is long.
    var quotedText: String { text.count <= 60 ? "\"\(text)\"" : "\"\(text.prefix(57))...\"" }
}
