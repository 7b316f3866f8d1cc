/// A value that a key gives, with its way and place; what does not fit is reported and read as nil.
struct Field {
    /// The key as it was written.
    let name: String
    let path: String
    let node: Node
    let keyPlace: SourceText.Place
    let report: Report

    /// Reports a problem at the value.
    func fail(_ message: String, hint: String? = nil) {
        report.error(at: node.place, path: path, message, hint: hint)
    }

    func warn(_ message: String, hint: String? = nil) {
        report.warning(at: node.place, path: path, message, hint: hint)
    }

    /// Reports that the value is of the wrong kind.
    func mismatch(_ expected: String, example: String) {
        fail("\"\(name)\" is \(expected), not \(node.summary)", hint: "for example \(name): \(example)")
    }

    /// Reports, at the key, that another name gave the same attribute already.
    func refuse(besides first: Field) {
        let place = first.keyPlace
        report.error(
            at: keyPlace,
            path: path,
            "\"\(name)\" and \"\(first.name)\" are two names of one attribute",
            hint: "keep one of them; the other is at \(place.line):\(place.column)"
        )
    }

    /// What a parser makes of the value; nil where it has reported a problem.
    func value<Value>(_ parse: () throws(ValueProblem) -> Value) -> Value? {
        do {
            return try parse()
        } catch {
            fail(error.message, hint: error.hint)
            return nil
        }
    }

    /// Whether the value is `false`, where that takes the thing out.
    var isFalse: Bool { node.scalar?.value == .bool(false) }

    /// The items of a list with their ways; a value that is no list counts as a list of one.
    var items: [Field] {
        guard case .sequence(let nodes) = node.content else { return [self] }
        return nodes.enumerated().map { index, item in
            Field(name: name, path: "\(path)[\(index)]", node: item, keyPlace: item.place, report: report)
        }
    }

    /// The entries, where the value is a mapping.
    var pairs: [Node.Pair]? {
        if case .mapping(let pairs) = node.content { pairs } else { nil }
    }

    /// The entries of a mapping by their meaning.
    func fields<Key: Vocabulary>(_ pairs: [Node.Pair], of subject: String, as: Key.Type) -> Fields<Key> {
        Fields(pairs, of: subject, path: path, place: node.place, report: report)
    }
}

// MARK: - Texts and flags

extension Field {
    /// A scalar as it was written, numbers and flags too; not empty.
    func text(_ expected: String = "a text", example: String) -> String? {
        guard let scalar = node.scalar, scalar.value != .null else {
            mismatch(expected, example: example)
            return nil
        }
        guard !scalar.text.isEmpty else {
            fail("\"\(name)\" is empty", hint: "for example \(name): \(example)")
            return nil
        }
        return scalar.text
    }

    func flag() -> Bool? {
        if case .bool(let flag)? = node.scalar?.value { return flag }
        mismatch("true or false, without quotes", example: "true")
        return nil
    }

    /// One of a few words.
    func word<Word: RawRepresentable<String> & CaseIterable>(_: Word.Type) -> Word? {
        if let text = node.scalar?.text, let word = Word(rawValue: text) { return word }
        let known = Word.allCases.map(\.rawValue)
        let suggestion = node.scalar.flatMap { Spelling.suggestion(for: $0.text, among: known) }
        fail(
            "\"\(name)\" is one of \(known.joined(separator: ", ")), not \(node.summary)",
            hint: suggestion.map { "did you mean \"\($0)\"?" }
        )
        return nil
    }

    /// Words: a list of them, or a text that is split as a shell does it.
    func words() -> [String]? {
        switch node.content {
        case .sequence:
            let texts = items.map { $0.argument() }
            return texts.contains(nil) ? nil : texts.compactMap(\.self)
        case .scalar(let scalar):
            if let words = ShellWords.split(scalar.text) { return words }
            fail("a quote in \"\(name)\" is not closed", hint: "write a list: \(name): [\"--title\", \"it's\"]")
        case .mapping: mismatch("a text or a list of texts", example: #"["--port", "5000"]"#)
        }
        return nil
    }

    private func argument() -> String? {
        if let scalar = node.scalar, scalar.value != .null { return scalar.text }
        if case .mapping(let pairs) = node.content, pairs.count == 1, let pair = pairs.first, pair.value.isNull {
            fail("this is a mapping, not a text", hint: "braces need quotes: \"{\(pair.key)}\"")
        } else {
            fail("an argument is a text, not \(node.summary)", hint: "quote it")
        }
        return nil
    }
}
