import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

@Suite("Watching files", .serialized, .timeLimit(.minutes(1)))
struct FileWatchTests {
    let loop: EventLoop
    let folder: String

    init() throws {
        loop = try EventLoop()
        var template = Array("/tmp/koomy-watch-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test
    func `a change in a folder names the entry`() throws {
        var changes: [FileWatch.Change] = []
        let watch = try loop.watch(folder, mask: UInt32(IN_MOVED_TO | IN_DELETE)) { changes.append($0) }
        try AtomicFile.write("x".utf8, to: "\(folder)/state")
        #expect(try loop.run { !changes.isEmpty })
        try AtomicFile.remove("\(folder)/state")
        #expect(try loop.run { changes.count == 2 })
        #expect(changes.map(\.name) == ["state", "state"])
        #expect(changes.first.map { $0.mask & UInt32(IN_MOVED_TO) != 0 } == true)
        watch.disable()
        rmdir(folder)
    }

    @Test
    func `a path that is missing is an error`() throws {
        rmdir(folder)
        do throws(SystemError) {
            _ = try loop.watch("\(folder)/none", mask: UInt32(IN_MODIFY)) { _ in }
            Issue.record("it was watched")
        } catch {
            #expect(error.errno == .noSuchFile)
            #expect(error.subject == "\(folder)/none")
        }
    }
}
