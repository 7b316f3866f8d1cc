/// Looks for the line that says ready, and keeps no more of a line than that needs.
nonisolated struct LineWatcher {
    private let kind: LineReceiver.Kind
    private var line: [UInt8] = []
    private var isTooLong = false

    private static let ready = Array(#""ready""#.utf8)
    /// Room for the word and blanks around it.
    private static let longest = 32

    init(_ kind: LineReceiver.Kind) { self.kind = kind }

    /// Whether these bytes complete the line.
    mutating func feed(_ bytes: [UInt8]) -> Bool {
        let newline = UInt8(ascii: "\n")
        switch kind {
        case .newline: return bytes.contains(newline)
        case .ipcReady:
            for byte in bytes {
                if byte == newline {
                    if !isTooLong, Self.isReady(line) { return true }
                    line = []
                    isTooLong = false
                } else if line.count < Self.longest {
                    line.append(byte)
                } else {
                    isTooLong = true
                }
            }
            return false
        }
    }

    private static func isReady(_ line: [UInt8]) -> Bool {
        func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0D].contains(byte) }
        return line.drop(while: isBlank).reversed().drop(while: isBlank).reversed().elementsEqual(ready)
    }
}
