import Glibc
package import KoomyCore
package import KoomyModel
package import KoomySystem

/// The files beside a log file that are what it was before.
package struct RotatedFiles {
    /// The path of the file that is written.
    package let path: String

    package init(of path: String) { self.path = path }

    /// All of them, the oldest first, without what an interrupted compression has left of one that is still whole.
    package func list() throws(SystemError) -> [KeptLog] {
        let (folder, file) = parts
        var entries: [KeptLog] = []
        for name in try Folder.names(in: folder) where name.hasPrefix(file + ".") {
            guard let rotated = RotatedName(parsing: name.dropFirst(file.count + 1)) else { continue }
            let path = "\(folder)/\(name)"
            guard let facts = FileFacts(at: path), facts.isRegular else { continue }
            entries.append(KeptLog(path: path, name: rotated, size: facts.size, modified: facts.modified))
        }
        entries.sort { ($0.name, $0.path) < ($1.name, $1.path) }
        let whole = Set(entries.filter { $0.name.compression == .none }.map(\.path))
        return entries.filter { entry in
            entry.name.compression.suffix.map { !whole.contains(String(entry.path.dropLast($0.count + 1))) } ?? true
        }
    }

    /// Gives the file that is written its name among them: one that none has, and that comes after all others, also
    /// where the clock was set back.
    package func putAside(at time: WallTime) throws(SystemError) {
        var name = RotatedName(stamp: Self.stamp(of: time))
        if let last = try list().last?.name, !(last < name) {
            name = RotatedName(stamp: last.stamp, number: last.number + 1)
        }
        while true {
            do throws(SystemError) {
                return try AtomicFile.renameToNew(path, "\(path).\(name)")
            } catch {
                // An interrupted compression, or something that is no file, has the name.
                guard error.errno == .fileExists, name.number < 10_000 else { throw error }
                name.number += 1
            }
        }
    }

    private var parts: (folder: String, file: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
    }

    /// `20260131T235959Z`.
    static func stamp(of time: WallTime) -> String {
        var seconds = time_t(time.seconds)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let year = "\(fields.tm_year + 1900)"
        let date =
            String(repeating: "0", count: max(0, 4 - year.count)) + year + two(fields.tm_mon + 1) + two(fields.tm_mday)
        return date + "T" + two(fields.tm_hour) + two(fields.tm_min) + two(fields.tm_sec) + "Z"
    }
}
