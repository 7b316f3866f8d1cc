import Glibc
import KoomyModel
import TestSupport

/// Writes numbered lines to a log file and puts it aside exactly as koomyd does, with names of a clock of its own.
final class LogWriter {
    let path: String
    private(set) var lines: [String] = []
    private(set) var asides: [RotatedName] = []
    private var file: Int32 = -1
    private var second = 0

    init(_ path: String) throws {
        self.path = path
        try open()
    }

    deinit { close(file) }

    private func open() throws {
        file = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileProblem(path: path) }
    }

    /// A line `number text`, of which the number is its place among all.
    func write(_ text: String = "") {
        let line = "\(lines.count + 1) \(text)"
        lines.append(line)
        append(line + "\n")
    }

    /// Bytes that are no whole line.
    func append(_ text: String) { _ = text.withCString { Glibc.write(file, $0, strlen($0)) } }

    /// rename(2), then a new file.
    func rotate(inSameSecond: Bool = false) throws {
        if !inSameSecond || asides.isEmpty { second += 1 }
        let name = RotatedName(stamp: stamp, number: inSameSecond ? (asides.last.map { $0.number + 1 } ?? 0) : 0)
        asides.append(name)
        guard rename(path, "\(path).\(name)") == 0 else { throw FileProblem(path: "\(path).\(name)") }
        close(file)
        try open()
    }

    private var stamp: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "20261120T\(two(second / 3_600))\(two(second / 60 % 60))\(two(second % 60))Z"
    }

    /// Compresses one that was put aside: its other form is there before it goes, whole.
    func compress(_ index: Int, _ compression: LogCompression = .gzip) throws {
        let name = asides[index]
        guard name.compression == .none, let suffix = compression.suffix else { return }
        let whole = "\(path).\(name)"
        let program = compression == .zstd ? "zstd -q" : "gzip"
        let run = try Command.run(["sh", "-c", "\(program) -c <\"$0\" >\"$0.\(suffix)\" && rm \"$0\"", whole])
        guard run.code == 0 else { throw TestFailure(description: "\(run)") }
        asides[index].compression = compression
    }

    /// Removes the oldest that was put aside.
    func removeOldest() {
        guard !asides.isEmpty else { return }
        unlink("\(path).\(asides.removeFirst())")
    }

    /// Empties the file in place.
    func cut() { ftruncate(file, 0) }
}
