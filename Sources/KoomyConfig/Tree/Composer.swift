/// Builds the tree of a text from libyaml's events, within bounds that no honest file reaches.
struct Composer: ~Copyable {
    /// How deep values may lie in one another.
    static let depthLimit = 48
    /// How many nodes a file may have with all its aliases written out: a few lines of nested aliases can stand for
    /// billions.
    static let nodeLimit = 200_000

    private var events: YAMLEvents
    private let report: Report
    private let source: SourceText
    /// Where the text that libyaml reads differs from the file.
    private let shifts: PositionMap
    private var anchors: [String: Node] = [:]
    /// Anchors of values that are not complete yet.
    private var openAnchors: Set<String> = []
    private var nodeCount = 0

    private init(
        _ text: UnsafeBufferPointer<UInt8>,
        source: SourceText,
        shifts: PositionMap,
        report: Report
    ) {
        events = YAMLEvents(text)
        self.source = source
        self.shifts = shifts
        self.report = report
    }

    /// The tree of the only document of a text; duplicate keys and unknown tags go to the report.
    static func compose(
        _ source: SourceText,
        format: SourceFormat,
        report: Report
    ) throws(SyntaxProblem) -> Node {
        let text: [UInt8]
        let shifts: PositionMap
        switch format {
        case .json: (text, shifts) = try JSONNormalizer.normalize(source)
        case .yaml:
            try refuseUnprintable(source)
            (text, shifts) = (source.bytes, PositionMap())
        }
        return try text.withUnsafeBufferPointer { (buffer) throws(SyntaxProblem) -> Node in
            var composer = Composer(buffer, source: source, shifts: shifts, report: report)
            return try composer.document()
        }
    }

    private mutating func document() throws(SyntaxProblem) -> Node {
        _ = try next()
        guard case .documentStart = try next() else { throw problem("the file is empty", hint: Self.emptyHint) }
        let root = try node(after: next(), depth: 0)
        _ = try next()
        guard case .streamEnd = try next() else {
            throw problem("a second document begins here", hint: "one file holds one document; take out the ---")
        }
        if root.isNull { throw SyntaxProblem(place: root.place, message: "the file is empty", hint: Self.emptyHint) }
        return root
    }

    private static let emptyHint = "describe at least one app: apps: [{script: ./server}]"

    private var place: SourceText.Place { source.place(ofScalars: shifts.original(events.range)) }

    private func problem(_ message: String, hint: String? = nil) -> SyntaxProblem {
        SyntaxProblem(place: place, message: message, hint: hint)
    }

    static let tooDeep = "values lie more than \(depthLimit) deep in one another"

    private mutating func next() throws(SyntaxProblem) -> YAMLEvents.Event {
        do {
            return try events.next()
        } catch {
            let place = source.place(ofScalars: shifts.original(error.index..<error.index + 1))
            let context = source.place(ofScalars: shifts.original(error.contextIndex..<error.contextIndex + 1))
            throw SyntaxAdvice.problem(error, at: place, context: context, in: source)
        }
    }
}

// MARK: - Values

extension Composer {
    private mutating func node(after event: YAMLEvents.Event, depth: Int) throws(SyntaxProblem) -> Node {
        let place = place
        guard depth <= Self.depthLimit else { throw problem(Self.tooDeep) }
        try count(1)
        switch event {
        case .scalar(let text, let tag, let anchor, let isPlain):
            return remember(scalar(text, tag: tag, isPlain: isPlain, at: place), as: anchor)
        case .sequenceStart(let tag, let anchor):
            check(tag: tag, is: "seq", at: place)
            open(anchor)
            return try remember(sequence(at: place, depth: depth), as: anchor)
        case .mappingStart(let tag, let anchor):
            check(tag: tag, is: "map", at: place)
            open(anchor)
            return try remember(mapping(at: place, depth: depth), as: anchor)
        case .alias(let name):
            guard let target = anchors[name] else {
                let isOpen = openAnchors.contains(name)
                throw problem(
                    isOpen ? "*\(name) is inside of the value it stands for" : "no anchor &\(name) before this"
                )
            }
            try count(target.weight)
            guard depth + target.height - 1 <= Self.depthLimit else { throw problem(Self.tooDeep) }
            return target
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw problem("a value is expected here")
        }
    }

    private mutating func sequence(at place: SourceText.Place, depth: Int) throws(SyntaxProblem) -> Node {
        var items: [Node] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event { return Node(.sequence(items), place: place) }
            items.append(try node(after: event, depth: depth + 1))
        }
    }

    private mutating func mapping(at place: SourceText.Place, depth: Int) throws(SyntaxProblem) -> Node {
        var pairs = MappingPairs()
        while true {
            let event = try next()
            if case .mappingEnd = event { break }
            let keyPlace = self.place
            var isPlain = false
            if case .scalar(_, nil, _, true) = event { isPlain = true }
            let key = try node(after: event, depth: depth + 1)
            let value = try node(after: next(), depth: depth + 1)
            guard case .scalar(let scalar) = key.content else {
                report.error(at: keyPlace, "a key has to be a text, not \(key.summary)", hint: #"quote it: "{fd}""#)
                continue
            }
            if isPlain, scalar.text == "<<" {
                pairs.merge(value, report: report)
            } else {
                pairs.add(Node.Pair(key: scalar.text, keyPlace: keyPlace, value: value), report: report)
            }
        }
        let content = pairs.all
        try count(content.mergedWeight)
        return Node(.mapping(content.pairs), place: place)
    }

    private func scalar(_ text: String, tag: String?, isPlain: Bool, at place: SourceText.Place) -> Node {
        if text.utf8.contains(0) { report.error(at: place, "a text cannot hold a NUL character") }
        var value = isPlain ? CoreSchema.value(ofPlain: text) : .string
        if let tag {
            let known = CoreSchema.value(of: text, tag: tag)
            if known == nil { reportTag(tag, at: place, misfits: CoreSchema.knowsScalar(tag: tag)) }
            value = known ?? .null
        }
        return Node(.scalar(Scalar(text: text, value: value)), place: place)
    }

    private func check(tag: String?, is expected: String, at place: SourceText.Place) {
        guard let tag, tag != "!", tag != "tag:yaml.org,2002:\(expected)" else { return }
        reportTag(tag, at: place, misfits: false)
    }

    private func reportTag(_ tag: String, at place: SourceText.Place, misfits: Bool) {
        let prefix = "tag:yaml.org,2002:"
        let name = tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
        report.error(
            at: place,
            misfits ? "the value does not fit its tag \(name)" : "the tag \(name) means nothing here",
            hint: "take the tag out"
        )
    }

    private mutating func open(_ anchor: String?) {
        if let anchor { openAnchors.insert(anchor) }
    }

    private mutating func remember(_ node: Node, as anchor: String?) -> Node {
        if let anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = node
        }
        return node
    }

    private mutating func count(_ nodes: Int) throws(SyntaxProblem) {
        nodeCount += nodes
        guard nodeCount <= Self.nodeLimit else {
            throw problem(
                "the file has more than \(Self.nodeLimit) values, aliases written out",
                hint: "is it an ecosystem file?"
            )
        }
    }

    /// libyaml stops at characters that YAML does not allow, without a usable place.
    private static func refuseUnprintable(_ source: SourceText) throws(SyntaxProblem) {
        var offset = 0
        for scalar in String(decoding: source.bytes, as: UTF8.self).unicodeScalars {
            let isAllowed =
                switch scalar.value {
                case 0x00...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...: true
                default: false
                }
            guard isAllowed else {
                let code = String(scalar.value, radix: 16, uppercase: true)
                throw SyntaxProblem(
                    place: source.place(ofByte: offset),
                    message:
                        "YAML does not allow the character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)",
                    hint: "take it out, or write it as an escape in double quotes"
                )
            }
            offset += UTF8.width(scalar)
        }
    }
}
