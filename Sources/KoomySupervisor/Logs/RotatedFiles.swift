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
        var entries: [KeptLog] = []
        for name in try names() {
            let path = "\(path).\(name)"
            guard let facts = FileFacts(at: path), facts.isRegular else { continue }
            entries.append(KeptLog(path: path, name: name, size: facts.size, modified: facts.modified))
        }
        entries.sort { ($0.name, $0.path) < ($1.name, $1.path) }
        let whole = Set(entries.filter { $0.name.compression == .none }.map(\.path))
        return entries.filter { entry in
            entry.name.compression.suffix.map { !whole.contains(String(entry.path.dropLast($0.count + 1))) } ?? true
        }
    }

    /// What is there by its name, in no order; the files themselves are not asked.
    private func names() throws(SystemError) -> [RotatedName] {
        let (folder, file) = parts
        return try Folder.names(in: folder).compactMap { name in
            name.hasPrefix(file + ".") ? RotatedName(parsing: name.dropFirst(file.count + 1)) : nil
        }
    }

    /// Gives the file that is written its name among them: one that none has, and that comes after all others, also
    /// where the clock was set back.
    ///
    /// - Parameters:
    ///   - time: What the name tells.
    ///   - last: The last name that was given, so that nobody has to look for it; nil where that is not known.
    /// - Returns: The name.
    /// - Throws: Where it cannot be renamed.
    @discardableResult
    package func putAside(at time: WallTime, after last: RotatedName? = nil) throws(SystemError) -> RotatedName {
        var name = RotatedName(stamp: Self.stamp(of: time))
        let last = if let last { Optional(last) } else { try names().max() }
        if let last, !(last < name) { name = RotatedName(stamp: last.stamp, number: last.number + 1) }
        while true {
            do throws(SystemError) {
                try AtomicFile.renameToNew(path, "\(path).\(name)")
                return name
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
