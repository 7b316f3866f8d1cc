import CKoomyLinux
import Glibc
package import KoomyModel

/// The standard streams of this process, for words to people; what they do not take is lost.
package enum StandardStream: Int32 {
    case output = 1
    case error = 2

    package func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let count = koomy_write(rawValue, rest.baseAddress, rest.count)
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    package func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Waits, and tells whether somebody still reads what is written; poll(2) reports the end of the last reader.
    package func hasReader(waiting span: TimeSpan) -> Bool {
        var entry = pollfd(fd: rawValue, events: 0, revents: 0)
        return poll(&entry, 1, Int32(clamping: span.milliseconds)) <= 0
    }
}
