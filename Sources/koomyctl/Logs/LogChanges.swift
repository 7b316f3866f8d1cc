import Glibc
import KoomyModel
import KoomySystem

/// Waits until something may have changed with log files (inotify(7)), or nobody reads what is printed.
final class LogChanges {
    /// What is watched of one path: the file that is there, and the one that was there before it.
    private struct Watched {
        var identity: FileIdentity
        var watch: Int32
        var before: Int32?
    }

    private let watch: SharedDescriptor?
    private var paths: Set<String> = []
    private var watched: [String: Watched] = [:]
    private var folders: [Int32: String] = [:]
    /// Files that have appeared beside those that are watched.
    private(set) var strangers: Set<String> = []

    /// How often to look where the kernel does not tell: other machines write to files of a network without its knowing.
    private static let longest = TimeSpan.seconds(1)
    /// The same where it cannot be asked at all.
    private static let withoutWatch = TimeSpan.milliseconds(100)
    /// More are forgotten: a folder with as many is no folder of logs alone.
    private static let mostStrangers = 1_000

    init(of paths: [String]) {
        let number = inotify_init1(Int32(bitPattern: UInt32(O_NONBLOCK | O_CLOEXEC)))
        watch = number >= 0 ? SharedDescriptor(FileDescriptor(owning: number)) : nil
        paths.forEach(add)
    }

    /// Watches one more.
    func add(_ path: String) {
        guard paths.insert(path).inserted, let number = watch?.number else { return }
        strangers.remove(path)
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let id = inotify_add_watch(number, folder, UInt32(IN_CREATE | IN_MOVED_TO))
        if id >= 0 { folders[id] = folder }
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
        while let bytes = try? watch?.descriptor.read(most: 65_536), !bytes.isEmpty { note(bytes) }
        return events[0].isDisjoint(with: [.error, .hangUp])
    }

    /// Of files that are watched, the look itself finds out what has changed; what is to be noted are others.
    private func note(_ events: [UInt8]) {
        events.withUnsafeBytes { buffer in
            let size = MemoryLayout<inotify_event>.size
            var position = 0
            while position + size <= buffer.count {
                let event = buffer.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                let name = buffer[(position + size)..<min(buffer.count, position + size + Int(event.len))]
                position += size + Int(event.len)
                // Its file is gone; another may get its number, and would be taken for it.
                if event.mask & UInt32(IN_IGNORED) != 0 { watched = watched.filter { $0.value.watch != event.wd } }
                guard !name.isEmpty, let folder = folders[event.wd] else { continue }
                noteFile("\(folder)/\(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))")
            }
        }
    }

    private func noteFile(_ path: String) {
        guard !paths.contains(path), strangers.count < Self.mostStrangers else { return }
        // One that was put aside, or is being compressed.
        if path.indices.contains(where: { path[$0] == "." && paths.contains(String(path[..<$0])) }) { return }
        strangers.insert(path)
    }

    /// The same, and forgets them.
    func takeStrangers() -> Set<String> {
        defer { strangers = [] }
        return strangers
    }
}
