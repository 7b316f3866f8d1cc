import CYAML

/// libyaml's parser over a text in memory; each call gives the next event.
struct YAMLEvents: ~Copyable {
    enum Event {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(name: String)
        case scalar(text: String, tag: String?, anchor: String?, isPlain: Bool)
        case sequenceStart(tag: String?, anchor: String?)
        case sequenceEnd
        case mappingStart(tag: String?, anchor: String?)
        case mappingEnd
    }

    /// What libyaml says of a text that it cannot read; positions count scalars.
    struct Failure: Error {
        let message: String
        let index: Int
        /// The construct it was reading, and where that began.
        let context: String?
        let contextIndex: Int
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// The range of the last event in the text, in scalars.
    private(set) var range = 0..<0

    /// The buffer must outlive the parser.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func next() throws(Failure) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else {
            throw Failure(
                message: Self.text(parser.pointee.problem) ?? "not enough memory to read the file",
                index: parser.pointee.problem_mark.index,
                context: Self.text(parser.pointee.context),
                contextIndex: parser.pointee.context_mark.index
            )
        }
        defer { yaml_event_delete(&event) }
        range = event.start_mark.index..<max(event.start_mark.index, event.end_mark.index)
        return Self.translate(event)
    }

    private static func translate(_ event: yaml_event_t) -> Event {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(name: text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            return .scalar(
                text: String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
                tag: text(scalar.tag),
                anchor: text(scalar.anchor),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE
            )
        case YAML_SEQUENCE_START_EVENT:
            return .sequenceStart(
                tag: text(event.data.sequence_start.tag),
                anchor: text(event.data.sequence_start.anchor)
            )
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            return .mappingStart(tag: text(event.data.mapping_start.tag), anchor: text(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        // YAML_STREAM_END_EVENT, and YAML_NO_EVENT, which libyaml gives only after it.
        default: return .streamEnd
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
}
