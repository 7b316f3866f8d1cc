/// NUL-terminated strings side by side in one piece of memory, and the NULL-terminated arrays that point to them.
struct CStringArena: ~Copyable {
    private let bytes: UnsafeMutablePointer<CChar>
    private let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let byteCapacity: Int
    private let pointerCapacity: Int
    private var byteCount = 0
    private var pointerCount = 0

    /// Room for strings of this many bytes in all, NULs not counted, in `arrays` arrays of `strings` strings in all.
    init(bytes byteCapacity: Int, strings: Int, arrays: Int) {
        self.byteCapacity = byteCapacity + strings
        pointerCapacity = strings + arrays
        bytes = .allocate(capacity: max(1, self.byteCapacity))
        pointers = .allocate(capacity: max(1, pointerCapacity))
    }

    deinit {
        bytes.deallocate()
        pointers.deallocate()
    }

    /// Where the next array begins.
    var nextArray: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> { pointers + pointerCount }

    /// Adds a string to the current array, with spare NULs after it; returns its place.
    @discardableResult
    mutating func append(_ parts: String..., spare: Int = 0) -> UnsafeMutablePointer<CChar> {
        let place = bytes + byteCount
        for part in parts {
            for byte in part.utf8 {
                bytes[byteCount] = CChar(bitPattern: byte)
                byteCount += 1
            }
        }
        for _ in 0...spare {
            bytes[byteCount] = 0
            byteCount += 1
        }
        pointers[pointerCount] = place
        pointerCount += 1
        return place
    }

    mutating func endArray() {
        pointers[pointerCount] = nil
        pointerCount += 1
    }
}
