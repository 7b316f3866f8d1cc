/// A place in some bytes, for reading texts of a known shape.
struct TextCursor {
    let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    init(_ text: some StringProtocol) { self.init(Array(text.utf8)[...]) }

    /// How many bytes were read.
    var consumed: Int { position - bytes.startIndex }
    var isAtEnd: Bool { position == bytes.endIndex }
    /// The next byte; nil at the end.
    var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    /// A number of at least one digit, and of as many as there are up to `most`.
    mutating func number(least: Int = 1, most: Int = 18) -> Int64? {
        var value: Int64 = 0
        var end = position
        let limit = min(bytes.endIndex, position + most)
        while end < limit, case let digit = bytes[end], (0x30...0x39).contains(digit) {
            value = value * 10 + Int64(digit - 0x30)
            end += 1
        }
        guard end - position >= least else { return nil }
        position = end
        return value
    }

    /// A number of exactly so many digits.
    mutating func number(digits: Int) -> Int? { number(least: digits, most: digits).map(Int.init) }

    /// Goes over one byte, if it is there.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let next, UInt32(next) == character.value else { return false }
        position += 1
        return true
    }

    /// Goes over a text, if it is there.
    mutating func skip(_ text: [UInt8]) -> Bool {
        guard bytes.endIndex - position >= text.count else { return false }
        for (offset, byte) in text.enumerated() where bytes[position + offset] != byte { return false }
        position += text.count
        return true
    }

    /// The index of the one of these texts that is next, and goes over it.
    mutating func skip(oneOf texts: [[UInt8]]) -> Int? {
        for (index, text) in texts.enumerated() where skip(text) { return index }
        return nil
    }

    /// Nanoseconds of the digits of a fraction; those after the ninth are passed over.
    mutating func fraction() -> Int? {
        var value = 0
        var unit = 100_000_000
        let begin = position
        while let next, (0x30...0x39).contains(next) {
            value += Int(next - 0x30) * unit
            unit /= 10
            position += 1
        }
        return position > begin ? value : nil
    }
}
