import CKoomyLinux

extension ThisProcess {
    /// Lets go of program code and constants that were read in; what is used again comes back from the page cache.
    ///
    /// The kernel maps sixteen pages around each one that is touched, and a start touches much that is never needed
    /// again. Only mappings of files that cannot be written and have no page of our own are dropped, so nothing is
    /// lost (proc_pid_smaps(5), madvise(2)).
    package static func releaseIdleCode() {
        guard let bytes = ProcFS.read("/proc/self/smaps", most: 512 << 10) else { return }
        var lines = ByteCursor(bytes)
        var candidate: (start: UInt64, size: UInt64)?
        while let line = lines.nextLine() {
            var words = ByteCursor(line)
            guard let first = words.nextWord() else { continue }
            if first.last != UInt8(ascii: ":") {
                candidate = mapping(first, &words)
            } else if first.elementsEqual("Anonymous:".utf8), words.nextNumber() == 0, let found = candidate {
                _ = koomy_release_pages(found.start, found.size)
            }
        }
    }

    /// A mapping of a file that cannot be written, from its line `start-end perms offset device inode path`.
    private static func mapping(_ range: ArraySlice<UInt8>, _ words: inout ByteCursor) -> (start: UInt64, size: UInt64)?
    {
        let ends = range.split(separator: UInt8(ascii: "-"))
        guard ends.count == 2, let start = ByteCursor.number(ends[0], radix: 16),
            let end = ByteCursor.number(ends[1], radix: 16), end > start,
            let permissions = words.nextWord(), !permissions.contains(UInt8(ascii: "w")),
            permissions.last == UInt8(ascii: "p")
        else { return nil }
        words.skipWords(3)
        guard words.nextWord()?.first == UInt8(ascii: "/") else { return nil }
        return (start, end - start)
    }
}
