import CKoomyLinux
import Glibc

/// Files of proc(5).
///
/// Processes vanish at any moment, so a process that is gone, or that we may not look at, is nil and never an error.
package enum ProcFS {
    /// The processes that are there, in no order.
    package static func processIDs() -> [ProcessID] {
        ((try? Folder.names(in: "/proc")) ?? []).compactMap { ProcessID($0) }
    }

    /// The bytes of a file of a process, at most `most`; nil where it cannot be read.
    static func read(_ pid: ProcessID, _ file: String, most: Int = 4_096) -> [UInt8]? {
        read("/proc/\(pid)/\(file)", most: most)
    }

    static func read(_ path: String, most: Int) -> [UInt8]? {
        var size = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            size = koomy_read_file(path, buffer.baseAddress, buffer.count)
            count = max(0, size)
        }
        return size < 0 ? nil : bytes
    }

    /// The number that a file begins with; nil where there is none.
    package static func number(in path: String) -> Int64? {
        guard let bytes = read(path, most: 64) else { return nil }
        let digits = bytes.prefix { $0 == UInt8(ascii: "-") || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    static func link(_ path: String) -> String? {
        var size = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 4_096) { buffer, count in
            size = buffer.withMemoryRebound(to: CChar.self) { koomy_read_link(path, $0.baseAddress, $0.count) }
            count = max(0, size)
        }
        return size < 0 ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
