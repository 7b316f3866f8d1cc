import KoomyModel
package import KoomySystem

/// Descriptors that outlived a koomyd, until what they belong to claims them; what nobody claims is closed.
package final class DescriptorPool {
    private var descriptors: [FileIdentity: SharedDescriptor] = [:]

    package init() {}

    /// Takes in a descriptor; of several of the same file one is kept.
    package func add(_ descriptor: SharedDescriptor) {
        guard let identity = FileIdentity(of: descriptor.number), descriptors[identity] == nil else { return }
        descriptors[identity] = descriptor
    }

    /// Hands out the descriptor of a file, once.
    package func claim(_ identity: FileIdentity?) -> FileDescriptor? {
        guard let identity, let shared = descriptors.removeValue(forKey: identity) else { return nil }
        return try? shared.descriptor.duplicate()
    }

    /// Hands out the socket that is bound to a path, once.
    package func claimSocket(boundTo path: String) -> FileDescriptor? {
        let found = descriptors.first { entry in
            (try? SocketAddress.local(of: entry.value.number))?.listenAddress == .unix(path: path)
        }
        return claim(found?.key)
    }

    /// Closes what is left.
    package func closeRest() { descriptors = [:] }

    package var count: Int { descriptors.count }
}
