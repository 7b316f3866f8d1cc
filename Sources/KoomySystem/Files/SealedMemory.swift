import CKoomyLinux

/// A file in memory that nobody can change any more: how a process hands a value to the one that follows it
/// (memfd_create(2)).
package enum SealedMemory {
    /// Makes one with these bytes; `name`, at most 249 bytes, is shown in /proc only.
    package static func create(_ name: String, _ bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        let memory = FileDescriptor(owning: try check(koomy_memory_create(name), "memfd_create", name))
        // Whoever reads it through this descriptor begins at its beginning.
        try memory.write(bytes, at: 0)
        try check(koomy_memory_seal(memory.number), "seal", name)
        return memory
    }

    /// All its bytes, wherever its offset is; throws EPERM for a file that can still change, EFBIG for more than `most`.
    package static func read(_ descriptor: borrowing FileDescriptor, most: Int) throws(SystemError) -> [UInt8] {
        let number = descriptor.number
        guard try check(koomy_memory_is_sealed(number), "read the seals") == 1 else {
            throw SystemError("read sealed memory", .notPermitted, hint: "it is not sealed")
        }
        var status = koomy_file_status()
        try check(koomy_status(number, &status), "stat")
        guard status.size <= most else {
            throw SystemError("read sealed memory", .fileTooBig, hint: "it has \(status.size) bytes, at most \(most)")
        }
        let size = Int(status.size)
        var filled = 0
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            repeat {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                result = koomy_read_at(number, rest.baseAddress, rest.count, Int64(filled))
                filled += max(0, result)
            } while result > 0 && filled < size
            count = filled
        }
        try check(result, "read sealed memory")
        return bytes
    }
}
