import CKoomyLinux
import Glibc

/// What a read found.
package enum ReadResult: Hashable, Sendable {
    /// This many bytes, at least one, are in the buffer.
    case bytes(Int)
    case endOfFile
    /// Nothing now, on a nonblocking descriptor.
    case wouldBlock
}

extension FileDescriptor {
    /// Reads once, at most as much as fits the buffer (read(2)).
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> ReadResult {
        let count = koomy_read(number, buffer.baseAddress, buffer.count)
        if count == -Int(EAGAIN) { return .wouldBlock }
        return try check(count, "read") == 0 ? .endOfFile : .bytes(count)
    }

    /// Reads once, at most `most` bytes; nil where there is nothing now, empty at the end.
    package borrowing func read(most: Int) throws(SystemError) -> [UInt8]? {
        var result: Result<ReadResult, SystemError> = .success(.wouldBlock)
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            do throws(SystemError) {
                let found = try read(into: UnsafeMutableRawBufferPointer(buffer))
                if case .bytes(let length) = found { count = length }
                result = .success(found)
            } catch {
                result = .failure(error)
            }
        }
        return try result.get() == .wouldBlock ? nil : bytes
    }

    /// Writes once; how many bytes were taken, or nil where none can be now (write(2)).
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int? {
        let count = koomy_write(number, bytes.baseAddress, bytes.count)
        if count == -Int(EAGAIN) { return nil }
        return try check(count, "write")
    }

    /// Writes once; how many bytes were taken, or nil where none can be now (write(2)).
    package borrowing func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int? {
        let number = self.number
        let count = bytes.withUnsafeBytes { koomy_write(number, $0.baseAddress, $0.count) }
        if count == -Int(EAGAIN) { return nil }
        return try check(count, "write")
    }

    /// Writes all of it to a blocking descriptor.
    package borrowing func writeAll(_ bytes: some Sequence<UInt8>) throws(SystemError) {
        let bytes = Array(bytes)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { koomy_write(number, $0.baseAddress, $0.count) }
            written += try check(count, "write")
        }
    }
}
