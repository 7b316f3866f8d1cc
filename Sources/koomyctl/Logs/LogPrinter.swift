import KoomyModel
import KoomySystem

/// Whose a line is.
struct LogOrigin: Hashable {
    var app: String
    /// The slot, where the whole file is that slot's.
    var slot: Int?
    /// Nil for a file of both streams.
    var stream: LogStream?
}

/// Writes lines of logs, many at once.
final class LogPrinter {
    enum Style: Equatable {
        /// For people: whose it is, when, what.
        case text(isLabelled: Bool)
        case json
        /// Byte for byte.
        case raw
    }

    var style: Style
    private let screen: Screen
    private var buffer: [UInt8] = []
    /// The origin of a line of which a piece was written, and not yet its end.
    private var open: LogOrigin?
    private var labels: [LogOrigin: [UInt8]] = [:]
    private static let most = 1 << 16

    init(_ style: Style, _ screen: Screen) {
        self.style = style
        self.screen = screen
    }

    func print(_ entry: LogEntry, of origin: LogOrigin) {
        switch style {
        case .json: LogJSON.append(entry, of: origin, to: &buffer)
        case .raw:
            finishOpenLine(entry, origin)
            buffer += entry.piece.bytes
            if entry.piece.hasLineFeed { buffer.append(0x0A) }
            open = entry.piece.hasLineFeed ? nil : origin
        case .text(let isLabelled):
            finishOpenLine(entry, origin)
            // The end of a line that was cut off already.
            if open == nil, !entry.piece.begins, entry.piece.bytes.isEmpty { return }
            if open == nil { begin(entry, origin, isLabelled) }
            append(entry.message)
            if entry.piece.ends { buffer.append(0x0A) }
            open = entry.piece.ends ? nil : origin
        }
        if buffer.count >= Self.most { flush() }
    }

    /// Has everything written that was printed.
    func flush() {
        guard !buffer.isEmpty else { return }
        Output.write(buffer, to: .results)
        buffer.removeAll(keepingCapacity: buffer.capacity <= 2 * Self.most)
    }

    /// Lines of different files do not run into each other, nor what is anew into what was left open.
    private func finishOpenLine(_ entry: LogEntry, _ origin: LogOrigin) {
        guard let open, open != origin || entry.piece.begins else { return }
        buffer.append(0x0A)
        self.open = nil
    }

    private func begin(_ entry: LogEntry, _ origin: LogOrigin, _ isLabelled: Bool) {
        if isLabelled { buffer += label(of: entry, origin) }
        if let record = entry.record, !record.timestamp.isEmpty {
            append(record.timestamp[...])
            buffer += [0x3A, 0x20]
        } else {
            append(entry.piece.bytes[..<entry.messageStart])
        }
    }

    private func append(_ bytes: ArraySlice<UInt8>) {
        if screen.isTerminal {
            buffer += Array(screen.clean(String(decoding: bytes, as: UTF8.self)).utf8)
        } else {
            buffer += bytes
        }
    }

    private func label(of entry: LogEntry, _ origin: LogOrigin) -> [UInt8] {
        var origin = origin
        if let record = entry.record {
            origin.slot = record.slot ?? origin.slot
            origin.stream = record.stream ?? origin.stream
        }
        if let known = labels[origin] { return known }
        let name = screen.clean(origin.app) + (origin.slot.map { ":\($0)" } ?? "")
        let stream = origin.stream.map { $0 == .error ? screen.styled(" err", .red) : " out" } ?? ""
        let label = Array("\(screen.styled(name, LabelColor.of(name)))\(stream) | ".utf8)
        // Slots and apps are few; what a file says of itself may be anything.
        if labels.count < 10_000 { labels[origin] = label }
        return label
    }
}

/// The colour of an app, or of a slot, the same each time.
enum LabelColor {
    /// Not red: that is for standard error.
    static let palette: [Style] = [
        .cyan, .green, .yellow, .blue, .magenta, .brightCyan, .brightGreen, .brightYellow, .brightBlue, .brightMagenta,
    ]

    static func of(_ name: String) -> Style {
        // FNV-1a: Swift's own hash changes with each process.
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return palette[Int(hash % UInt32(palette.count))]
    }
}
