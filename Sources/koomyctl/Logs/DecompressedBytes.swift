import KoomyModel
import KoomySystem

/// What a compressed file has in it, as the system's gzip or zstd says; never more of it at once than a pipe holds.
final class DecompressedBytes: ByteSource {
    private let path: String
    private let program: String
    private let output: FileDescriptor
    private let complaints: FileDescriptor
    private let process: Pidfd
    private var hasEnded = false
    private static let blockSize = 65_536

    /// Starts the program.
    ///
    /// - Throws: Why it cannot be started.
    init(of file: SharedDescriptor, _ compression: LogCompression, path: String) throws(LogFileProblem) {
        self.path = path
        program = compression == .zstd ? "zstd" : "gzip"
        let environment = ThisProcess.environment
        do throws(SystemError) {
            let program = try ProgramSearch.find(self.program, in: "/", path: environment["PATH"])
            let input = try Self.fromTheBeginning(file)
            let results = try Pipe()
            let errors = try Pipe()
            var request = SpawnRequest(
                path: program,
                arguments: [self.program, "-dc"] + (compression == .zstd ? ["-q"] : []),
                environment: ["PATH": environment["PATH"] ?? ProgramSearch.defaultPath, "LC_ALL": "C"],
                workingDirectory: "/"
            )
            request.descriptors = [
                .init(input.number, as: 0), .init(results.writeEnd.number, as: 1), .init(errors.writeEnd.number, as: 2),
            ]
            let spawned = try Spawner().spawn(orThrow: request)
            process = spawned.split { pidfd, _ in pidfd }
            output = results.takeReadEnd()
            complaints = errors.takeReadEnd()
        } catch {
            let why =
                error.errno == .noSuchFile
                ? "\(program) is needed to read it, and is not installed"
                : "\(program) cannot be started: \(error.errno)"
            throw LogFileProblem(path: path, message: why)
        }
    }

    deinit {
        guard !hasEnded else { return }
        _ = try? process.signal(.kill)
        _ = try? Poll.wait([.init(process.descriptor.number, .readable)], atMost: nil)
        _ = try? process.reap()
    }

    /// A descriptor of the same file with a place of its own.
    private static func fromTheBeginning(_ file: SharedDescriptor) throws(SystemError) -> SharedDescriptor {
        SharedDescriptor(try Files.open("/proc/self/fd/\(file.number)"))
    }

    func read() throws(LogFileProblem) -> [UInt8]? {
        guard !hasEnded else { return nil }
        do throws(SystemError) {
            if let bytes = try output.read(most: Self.blockSize), !bytes.isEmpty { return bytes }
        } catch {
            throw LogFileProblem(path: path, message: "\(error)")
        }
        try finish()
        return nil
    }

    /// Nothing more comes; throws where that is not because the file ends.
    private func finish() throws(LogFileProblem) {
        hasEnded = true
        var said: [UInt8] = []
        do throws(SystemError) {
            while let more = try complaints.read(most: Self.blockSize), !more.isEmpty, said.count < Self.blockSize {
                said += more
            }
            _ = try Poll.wait([.init(process.descriptor.number, .readable)], atMost: nil)
            let end = try process.reap() ?? .unknown
            if end.isSuccess { return }
            if said.isEmpty { said = Array("it ended with \(end)".utf8) }
        } catch {
            said += Array("\(error)".utf8)
        }
        throw LogFileProblem(path: path, message: Self.sentence(said, of: program))
    }

    /// `gzip: stdin: unexpected end of file`, without what it says of the place, which it does not know.
    private static func sentence(_ said: [UInt8], of program: String) -> String {
        let line = String(decoding: said, as: UTF8.self).split(separator: "\n").first { !$0.isEmpty } ?? ""
        let parts = line.split(separator: ":").map { part in part.drop { $0 == " " } }
        let words = parts.drop { $0 == program || $0 == "stdin" || $0.hasPrefix("/*stdin*") }
        return "\(program): " + words.joined(separator: ": ")
    }
}

extension Spawner {
    fileprivate borrowing func spawn(orThrow request: SpawnRequest) throws(SystemError) -> SpawnedProcess {
        do throws(StartFailure) {
            return try spawn(request)
        } catch {
            throw SystemError("start", Errno(error.errno), subject: error.subject)
        }
    }
}
