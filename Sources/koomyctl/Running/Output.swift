import Glibc
import KoomySystem
import KoomyWire

/// Writes to the standard streams, each piece at once.
enum Output {
    enum Stream: Int32 {
        case results = 1
        case errors = 2
    }

    static func print(_ text: String, to stream: Stream = .results) { write(Array((text + "\n").utf8), to: stream) }

    static func print(_ lines: [String], to stream: Stream = .results) {
        guard !lines.isEmpty else { return }
        print(lines.joined(separator: "\n"), to: stream)
    }

    static func printJSON(_ value: some Encodable) {
        // Values of our own types can always be written.
        if let line = try? WireCoding.encodeLine(value) { write(line, to: .results) }
    }

    /// Passes JSON of the daemon's on, as one line.
    static func printJSON(line: [UInt8]) {
        let end = line.last == 0x0A ? line.count - 1 : line.count
        write(line[..<end] + [0x0A], to: .results)
    }

    static func write(_ bytes: [UInt8], to stream: Stream) {
        let descriptor = FileDescriptor(owning: stream.rawValue)
        do throws(SystemError) {
            try descriptor.writeAll(bytes)
        } catch {
            // A full disk, most likely; a script must not take what is there for the whole.
            if stream == .results { Output.print("koomyctl: standard output: \(error.errno)", to: .errors) }
            exit(ExitCode.internalError.rawValue)
        }
        // The stream belongs to the process.
        _ = descriptor.release()
    }
}
