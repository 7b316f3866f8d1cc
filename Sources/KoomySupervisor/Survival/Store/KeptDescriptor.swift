package import KoomySystem

/// A descriptor that was kept beyond the end of an earlier koomyd.
package struct KeptDescriptor {
    package var name: String
    package var descriptor: SharedDescriptor
    package var identity: FileIdentity
}

/// A descriptor of ours that is to be kept: whoever closes it has to say so by dropping its name.
struct StoredDescriptor: Hashable {
    var number: Int32
    var identity: FileIdentity
    var kind: DescriptorKind

    /// nil where nothing is open under that number.
    init?(_ number: Int32) {
        guard let identity = FileIdentity(of: number), let kind = DescriptorKind(of: number) else { return nil }
        self.number = number
        self.identity = identity
        self.kind = kind
    }

    /// Whether the number still leads to what it led to; it may have been closed, and given to another since.
    var isOpen: Bool { StoredDescriptor(number) == self }

    /// Both ends of a pipe are the same file, so the kind counts too.
    func isSame(as other: StoredDescriptor) -> Bool { identity == other.identity && kind == other.kind }
}
