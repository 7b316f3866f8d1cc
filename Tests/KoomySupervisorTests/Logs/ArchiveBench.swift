import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

/// An archive of one app's log that runs the real programs.
final class ArchiveBench {
    let files: Workspace
    let loop: EventLoop
    let spawner: Spawner
    private(set) var archive: LogArchive
    let app: AppName
    /// What was told of files, `NAME: WORDS`.
    private let told = Told()
    /// Called with each request before its program is started.
    var change: (inout SpawnRequest) -> Void = { _ in }
    /// The programs that were started.
    private(set) var started: [KoomySystem.ProcessID] = []

    private final class Told { var words: [String] = [] }

    var noticed: [String] { told.words }
    var log: String { files("log") }

    init(_ files: Workspace) throws {
        self.files = files
        loop = try EventLoop()
        spawner = try Spawner()
        app = try #require(AppName("web"))
        archive = Self.archive(loop, told)
        archive.run = run
    }

    private static func archive(_ loop: EventLoop, _ told: Told) -> LogArchive {
        LogArchive(loop: loop) { path, words in
            told.words.append("\(path.split(separator: "/").last ?? ""): \(words)")
        }
    }

    /// koomyd dies, and another one begins.
    func beginAnew() {
        archive = Self.archive(loop, told)
        archive.run = run
    }

    private var run: LogCompressor.Runner {
        { [weak self] request, ended in
            guard let self else { throw SystemError("run", .noSuchProcess) }
            var request = request
            change(&request)
            let process = try spawner.spawn(request)
            started.append(process.pid)
            return try ProbeChild(loop: loop, process: process, ended)
        }
    }

    /// Files that were put aside, with their texts.
    @discardableResult
    func putAside(_ texts: String...) throws -> [String] {
        try texts.enumerated().map { number, text in
            try files.write(text, to: "log.20260101T00000\(number)Z")
        }
    }

    func note(_ rotation: LogRotation) { archive.note(app, [log], rotation) }

    /// Turns the loop until the folder has exactly these names.
    func wait(for names: [String], within limit: TimeSpan = .seconds(30)) throws {
        do { try loop.turn(within: limit, until: "the files are so") { self.names == names.sorted() } } catch {
            throw TestFailure(description: "\(error): \(self.names), told \(noticed)")
        }
    }

    var names: [String] { Files.names(in: files.path) }
}

extension LogRotation {
    /// Keeps everything, compressed.
    static func compressing(_ method: LogCompression) -> LogRotation {
        var rotation = LogRotation()
        (rotation.keep, rotation.total, rotation.compression) = (nil, nil, method)
        return rotation
    }
}
