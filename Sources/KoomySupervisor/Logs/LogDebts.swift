import KoomyModel
package import KoomySystem

/// What is missing in log files whose disk took no lines, for as long as they do not say so.
///
/// A file that lines are written to says it by itself, before the next line. This is for those whose app has been stopped
/// before the disk takes anything again, and for a koomyd that dies meanwhile: it is kept in a file of the run folder, and
/// each file is told once.
package final class LogDebts {
    /// What one file has to say.
    package struct Debt: Hashable, Sendable {
        package var loss: LogLoss
        /// The line that says so, with its newline.
        package var words: [UInt8]
        /// Set before the line is written: to which file, and how large that was.
        package var telling: Telling?

        package init(_ loss: LogLoss, _ words: [UInt8]) {
            self.loss = loss
            self.words = words
        }
    }

    package struct Telling: Hashable, Sendable {
        package var file: FileIdentity
        package var offset: Int64

        package init(file: FileIdentity, offset: Int64) {
            self.file = file
            self.offset = offset
        }
    }

    /// So that apps that come and go cannot make it grow.
    private static let most = 64

    private let path: String?
    private var debts: [String: Debt] = [:]

    /// - Parameter path: Where they outlive koomyd; nil for nowhere.
    package init(path: String?) {
        self.path = path
        guard let path, let bytes = try? WholeFile.read(path, most: 4 << 20), let left = Self.parse(bytes) else {
            return
        }
        debts = left.filter { !Self.isTold($1, at: $0) }
        if debts != left { save() }
    }

    /// The files that have something to say.
    package var paths: [String] { debts.keys.sorted() }

    /// What is missing in a file that it does not say.
    package func loss(at path: String) -> LogLoss { debts[path]?.loss ?? LogLoss() }

    /// Notes what a file has to say, in place of what it had.
    package func owe(_ debt: Debt, at path: String) {
        guard debts[path] != nil || debts.count < Self.most else { return }
        debts[path] = debt
        save()
    }

    /// A file is going to say it, in these words.
    package func begin(_ words: [UInt8], _ telling: Telling, at path: String) {
        guard var debt = debts[path] else { return }
        debt.words = words
        debt.telling = telling
        debts[path] = debt
        save()
    }

    /// A file has said it.
    package func end(at path: String) {
        guard debts.removeValue(forKey: path) != nil else { return }
        save()
    }

    /// Has a file say it that nobody writes to.
    ///
    /// - Returns: What it has said; nil where it has nothing to say, or is not there any more.
    /// - Throws: Where it cannot, which may be otherwise later.
    package func tell(_ path: String) throws(SystemError) -> LogLoss? {
        guard let debt = debts[path], FileFacts(at: path)?.isRegular == true else { return nil }
        let file = try AppendedFile(path: path, mode: 0o640)
        // What the disk has cut gets its end.
        if file.endsInsideLine { try file.endLine() }
        let offset = try file.size
        begin(debt.words, Telling(file: file.identity, offset: offset), at: path)
        do throws(SystemError) {
            guard try file.append(debt.words[...]) == debt.words.count else { throw SystemError("write", .noSpace) }
        } catch {
            try? file.cut(to: offset)
            throw error
        }
        end(at: path)
        return debt.loss
    }

    /// Whether a file has said it before a koomyd was killed; where only a part of it was, that is taken back.
    private static func isTold(_ debt: Debt, at path: String) -> Bool {
        guard let telling = debt.telling, let facts = FileFacts(at: path), facts.identity == telling.file else {
            return false
        }
        let size = Int64(clamping: facts.size)
        if size >= telling.offset + Int64(debt.words.count) { return true }
        if size > telling.offset { try? AppendedFile(path: path, mode: 0o640).cut(to: telling.offset) }
        return false
    }

    // MARK: - As text

    private func save() {
        guard let path else { return }
        // What cannot be written is known to this koomyd still.
        do throws(SystemError) {
            if debts.isEmpty { return try AtomicFile.unlink(path) }
            let text = Self.text(of: debts)
            let file = try FileDescriptor.updating(path, mode: 0o600)
            try file.write(text, at: 0)
            try file.cut(to: Int64(text.count))
        } catch {}
    }

    /// For each file a line of numbers, the last two of which tell how long the path and the words are that follow.
    static func text(of debts: [String: Debt]) -> [UInt8] {
        var text = Array("\(debts.count)\n".utf8)
        for (path, debt) in debts.sorted(by: { $0.key < $1.key }) {
            let bytes = Array(path.utf8)
            let telling = debt.telling ?? Telling(file: FileIdentity(device: 0, inode: 0), offset: 0)
            let numbers = [
                debt.loss.bytes, debt.loss.lines, debt.telling == nil ? 0 : 1, telling.file.device, telling.file.inode,
                UInt64(clamping: telling.offset), UInt64(bytes.count), UInt64(debt.words.count),
            ]
            text += Array((numbers.map { String($0) }.joined(separator: " ") + "\n").utf8) + bytes + debt.words
        }
        return text
    }

    /// nil for what was not written as a whole.
    static func parse(_ text: [UInt8]) -> [String: Debt]? {
        var rest = text[...]
        guard let count = numbers(&rest), count.count == 1 else { return nil }
        var debts: [String: Debt] = [:]
        while debts.count < Int(clamping: count[0]) {
            guard let found = numbers(&rest), found.count == 8,
                let length = Int(exactly: found[6]), let words = Int(exactly: found[7]),
                length <= rest.count, words <= rest.count - length
            else { return nil }
            var debt = Debt(LogLoss(bytes: found[0], lines: found[1]), Array(rest.dropFirst(length).prefix(words)))
            if found[2] == 1 {
                let file = FileIdentity(device: found[3], inode: found[4])
                debt.telling = Telling(file: file, offset: Int64(clamping: found[5]))
            }
            debts[String(decoding: rest.prefix(length), as: UTF8.self)] = debt
            rest = rest.dropFirst(length + words)
        }
        return debts
    }

    private static func numbers(_ rest: inout ArraySlice<UInt8>) -> [UInt64]? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ").map { UInt64($0) }
        rest = rest[(end + 1)...]
        return words.contains(nil) ? nil : words.compactMap { $0 }
    }
}
