/// The name of a release's folder: when it was made and what the code is, `20261120T170456Z-1a2b3c4`.
///
/// In the order of their texts the newest is last.
struct ReleaseID: Hashable, Comparable {
    /// So much of a revision is enough to recognise it.
    static let revisionLength = 7

    let text: String

    /// - Parameters:
    ///   - milliseconds: When it is made, since the Unix epoch.
    ///   - revision: A commit or a SHA-256, in hexadecimal digits.
    ///   - others: The releases that are there; it gets a later second than all of them, whatever the clock says.
    init(milliseconds: Int64, revision: String, after others: [ReleaseID] = []) {
        let latest = others.max().map { UTCStamp.milliseconds(of: $0.text) + 1_000 } ?? milliseconds
        text = "\(UTCStamp.text(milliseconds: max(milliseconds, latest)))-\(revision.prefix(Self.revisionLength))"
    }

    /// Understands the name of a folder; nil for one that is no release's.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, UTCStamp.isOne(parts[0]) else { return nil }
        guard parts[1].utf8.count == Self.revisionLength, parts[1].utf8.allSatisfy(Self.isHexadecimal) else {
            return nil
        }
        self.text = String(text)
    }

    static func < (left: ReleaseID, right: ReleaseID) -> Bool { left.text < right.text }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
