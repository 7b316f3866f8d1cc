/// What koomyd and its keeper say to each other: a letter and, for some, a name.
///
/// A keeper lives on through upgrades of koomyd, so these stay as they are; a letter that is not known is passed over.
enum KeeperMessage: Hashable {
    // From koomyd.

    /// The sender is the koomyd from now on, and wants everything that is kept.
    case hello
    /// Keep the descriptors that come with this, under a name; those that are there stay.
    case keep(String)
    /// Close what is kept under a name.
    case drop(String)
    /// Nothing is to be kept any more.
    case end

    // From the keeper.

    /// The descriptors that come with this are kept under a name; more of them may follow.
    case kept(String)
    /// That was everything.
    case complete
    /// The descriptors of this name, or of one that was lost with them, are not kept: there is no room.
    case refused(String)
    /// Another koomyd has come.
    case replaced

    /// The longest there is: a letter and the longest name.
    static let longest = 256

    var bytes: [UInt8] {
        switch self {
        case .hello: Self.bytes("h")
        case .keep(let name): Self.bytes("k", name)
        case .drop(let name): Self.bytes("d", name)
        case .end: Self.bytes("e")
        case .kept(let name): Self.bytes("K", name)
        case .complete: Self.bytes("C")
        case .refused(let name): Self.bytes("F", name)
        case .replaced: Self.bytes("R")
        }
    }

    /// nil for what is not known.
    init?(_ bytes: [UInt8]) {
        guard let letter = bytes.first else { return nil }
        let name = String(decoding: bytes.dropFirst(), as: UTF8.self)
        switch letter {
        case UInt8(ascii: "h"): self = .hello
        case UInt8(ascii: "k"): self = .keep(name)
        case UInt8(ascii: "d"): self = .drop(name)
        case UInt8(ascii: "e"): self = .end
        case UInt8(ascii: "K"): self = .kept(name)
        case UInt8(ascii: "C"): self = .complete
        case UInt8(ascii: "F"): self = .refused(name)
        case UInt8(ascii: "R"): self = .replaced
        default: return nil
        }
    }

    private static func bytes(_ letter: Unicode.Scalar, _ name: String = "") -> [UInt8] {
        [UInt8(ascii: letter)] + Array(name.utf8)
    }
}
