import Glibc
import KoomyModel
import KoomySystem

/// The files that were put aside of one log file.
struct RotatedFiles {
    /// The log file itself.
    let path: String
    private let folder: String
    private let prefix: String

    init(of path: String) {
        self.path = path
        let cut = path.lastIndex(of: "/")
        folder = cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        prefix = String(cut.map { path[path.index(after: $0)...] } ?? path[...]) + "."
    }

    /// The path of one of them.
    func path(of name: RotatedName) -> String { "\(path).\(name)" }

    /// Their names, oldest first; none where the folder cannot be read.
    ///
    /// Of one that is there compressed and as it was, only the latter counts: the compression was interrupted.
    func names() -> [RotatedName] {
        var found: [RotatedName: RotatedName] = [:]
        for name in (try? Folder.names(in: folder)) ?? [] where name.hasPrefix(prefix) {
            guard let parsed = RotatedName(parsing: name.dropFirst(prefix.count)) else { continue }
            if found[parsed.uncompressed]?.compression != LogCompression.none { found[parsed.uncompressed] = parsed }
        }
        return found.values.sorted()
    }

    /// Which file one of them is now; nil where it is gone.
    func identity(of name: RotatedName) -> FileIdentity? { Files.status(path(of: name)).map(FileIdentity.init) }

    /// Opens one of them, which may have been compressed since its name was read; nil where it was removed.
    func open(_ name: RotatedName) throws(LogFileProblem) -> OpenLogFile? {
        var name = name
        for _ in 0..<4 {
            do throws(SystemError) {
                return OpenLogFile(SharedDescriptor(try Files.open(path(of: name))), path: path(of: name), name: name)
            } catch {
                guard error.errno == .noSuchFile else { throw LogFileProblem(error, path: path(of: name)) }
            }
            let wanted = name.uncompressed
            guard let other = names().first(where: { $0.uncompressed == wanted }) else { return nil }
            name = other
        }
        return nil
    }
}

/// A log file, or one that was put aside, that is open for reading.
struct OpenLogFile {
    let file: SharedDescriptor
    let path: String
    /// Nil for the file that is written.
    let name: RotatedName?
    let identity: FileIdentity?

    init(_ file: SharedDescriptor, path: String, name: RotatedName?) {
        self.file = file
        self.path = path
        self.name = name
        identity = FileIdentity(of: file.number)
    }

    /// The file that is written; nil where there is none.
    static func written(at path: String) throws(LogFileProblem) -> OpenLogFile? {
        let file: SharedDescriptor
        do throws(SystemError) {
            file = SharedDescriptor(try Files.open(path))
        } catch {
            if error.errno == .noSuchFile { return nil }
            throw LogFileProblem(error, path: path)
        }
        guard Files.isRegular(file.number) else {
            throw LogFileProblem(path: path, message: "it is not a regular file")
        }
        return OpenLogFile(file, path: path, name: nil)
    }

    var size: Int64 { Int64(Files.status(file.number)?.st_size ?? 0) }

    /// When it was last written to; nil where that cannot be told.
    var modified: WallTime? { Files.status(file.number).map { WallTime($0.st_mtim) } }

    /// Its lines from the beginning, decompressed where it is compressed.
    func bytes(upTo end: Int64? = nil) throws(LogFileProblem) -> any ByteSource {
        guard let compression = name?.compression, compression != .none else {
            return FileBytes(file, path: path, upTo: end)
        }
        return try DecompressedBytes(of: file, compression, path: path)
    }
}

extension RotatedName {
    /// The name without its compression: what it is the name of.
    var uncompressed: RotatedName { RotatedName(stamp: stamp, number: number) }

    /// The second in which the file was put aside.
    var time: WallTime {
        var cursor = TextCursor(stamp)
        var calendar = CalendarTime()
        calendar.year = cursor.number(digits: 4) ?? calendar.year
        calendar.month = cursor.number(digits: 2) ?? calendar.month
        calendar.day = cursor.number(digits: 2) ?? calendar.day
        _ = cursor.skip("T")
        calendar.hour = cursor.number(digits: 2) ?? calendar.hour
        calendar.minute = cursor.number(digits: 2) ?? calendar.minute
        calendar.second = cursor.number(digits: 2) ?? calendar.second
        calendar.offset = 0
        let moment = calendar.isValid ? calendar.moments.first : nil
        return moment ?? WallTime(nanoseconds: .min)
    }
}

extension LogFileProblem {
    init(_ error: SystemError, path: String) {
        let isDenied = error.errno == .permissionDenied || error.errno == .notPermitted
        self.init(path: path, message: "\(error.errno)", isDenied: isDenied)
    }
}
