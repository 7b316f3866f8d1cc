import Glibc
import KoomyModel
import KoomySystem

/// Waits until something may have changed with log files (inotify(7)), or nobody reads what is printed.
final class LogChanges {
    private let watch: SharedDescriptor?
    private let paths: [String]
    /// What is watched of one path: the file that is there, and the one that was there before it.
    private struct Watched {
        var identity: FileIdentity
        var watch: Int32
        var before: Int32?
    }

    private var watched: [String: Watched] = [:]

    /// How often to look where the kernel does not tell: other machines write to files of a network without its knowing.
    private static let longest = TimeSpan.seconds(1)
    /// The same where it cannot be asked at all.
    private static let withoutWatch = TimeSpan.milliseconds(100)

    init(of paths: [String]) {
        self.paths = paths
        let number = inotify_init1(Int32(bitPattern: UInt32(O_NONBLOCK | O_CLOEXEC)))
        watch = number >= 0 ? SharedDescriptor(FileDescriptor(owning: number)) : nil
        guard number >= 0 else { return }
        let mask = UInt32(IN_CREATE | IN_MOVED_TO)
        for folder in Set(paths.map(Self.folder)) { inotify_add_watch(number, folder, mask) }
        watchFiles()
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    /// Watches the files that are at the paths now; to be called before each look at them, so that no change is missed.
    func watchFiles() {
        guard let number = watch?.number else { return }
        for path in paths {
            let before = watched[path]
            guard let identity = Files.status(path).map(FileIdentity.init), before?.identity != identity else {
                continue
            }
            let watch = inotify_add_watch(number, path, UInt32(IN_MODIFY))
            guard watch >= 0 else { continue }
            // To the last that was put aside, lines may still come; not to those before it.
            if let oldest = before?.before, oldest != watch { inotify_rm_watch(number, oldest) }
            watched[path] = Watched(identity: identity, watch: watch, before: before?.watch)
        }
    }

    /// Waits for a change, or for as long as may be without a look; false where nobody reads the output any more.
    func wait() -> Bool {
        let output = Poll.Entry(Output.Stream.results.rawValue, [])
        let changes = watch.map { Poll.Entry($0.number, .readable) }
        let limit = changes == nil ? Self.withoutWatch : Self.longest
        guard let events = try? Poll.wait([output] + (changes.map { [$0] } ?? []), atMost: limit) else { return false }
        // Which of them it was, the look itself finds out.
        while let bytes = try? watch?.descriptor.read(most: 65_536), !bytes.isEmpty {}
        return events[0].isDisjoint(with: [.error, .hangUp])
    }
}
