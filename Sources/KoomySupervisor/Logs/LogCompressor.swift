import KoomyModel
import KoomySystem

/// The compression of one file, by the system's program as a child that runs when nothing else wants to.
///
/// The child gets two open files and no path: whoever may write to the folder cannot have it read or write another one.
/// The old file goes when the new one is complete and on the disk; where koomyd dies before, the old one is whole.
final class LogCompressor {
    /// Starts a program and tells, later, how it ended.
    typealias Runner = (SpawnRequest, @escaping (ExitReason) -> Void) throws -> ProbeChild

    /// Why there is no new file; the old one is as it was.
    enum Problem: CustomStringConvertible {
        /// The same for every other file.
        case missingProgram
        case other(String)

        var description: String {
            switch self {
            case .missingProgram: "the program is not installed"
            case .other(let words): words
            }
        }
    }

    private var child: ProbeChild?
    private let path: String
    private let target: String
    private let source: FileIdentity
    private let output: SharedDescriptor
    private let modified: WallTime

    /// - Parameters:
    ///   - path: The file; the new one has the suffix of the method.
    ///   - method: How.
    ///   - run: Starts the program.
    ///   - ended: Called once, later, with what was wrong.
    /// - Throws: Where the file cannot be read, the new one not be made, or no program started.
    init(
        _ path: String,
        by method: LogCompression,
        _ run: Runner,
        _ ended: @escaping (Problem?) -> Void
    ) throws {
        self.path = path
        target = "\(path).\(method.suffix ?? "")"
        let input = SharedDescriptor(try .readingOnly(path))
        guard let facts = FileFacts(at: path), let identity = FileIdentity(of: input.number), facts.identity == identity
        else { throw SystemError("compress", .noSuchFile, subject: path) }
        source = identity
        modified = facts.modified
        // What an interrupted compression has left.
        try? AtomicFile.unlink(target)
        output = SharedDescriptor(try .likeNew(target, as: input.descriptor))
        var request = SpawnRequest(
            path: "/bin/sh",
            arguments: ["sh", "-c", "\(Self.program(method)) && sync -d /proc/self/fd/1"],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"],
            workingDirectory: "/"
        )
        request.descriptors = [.init(input.number, as: 0), .init(output.number, as: 1)]
        request.attributes.nice = 19
        let outbox = Outbox()
        child = try withExtendedLifetime(input) { try run(request) { outbox.target?.finish($0, ended) } }
        outbox.target = self
    }

    private final class Outbox {
        weak var target: LogCompressor?
    }

    private static func program(_ method: LogCompression) -> String {
        switch method {
        case .none, .gzip: "gzip -c"
        case .zstd: "zstd -q -c"
        }
    }

    private func finish(_ reason: ExitReason, _ ended: (Problem?) -> Void) {
        child = nil
        guard reason.isSuccess else {
            try? AtomicFile.unlink(target)
            return ended(reason == .exited(code: 127) ? .missingProgram : .other("\(reason)"))
        }
        // Removed meanwhile, as surplus or by somebody else.
        guard FileFacts(at: path) != nil else {
            try? AtomicFile.unlink(target)
            return ended(nil)
        }
        do throws(SystemError) {
            try output.descriptor.setModified(modified)
            // Another one by now is not the one that was read.
            guard FileIdentity(at: path) == source else { throw SystemError("compress", .noSuchFile, subject: path) }
            try AtomicFile.unlink(path)
            ended(nil)
        } catch {
            ended(.other("\(error)"))
        }
    }
}
