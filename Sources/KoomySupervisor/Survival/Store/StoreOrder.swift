import KoomySystem

/// What is to be done in the place where descriptors are kept.
enum StoreOrder: Hashable {
    /// At most `PacketSocket.mostDescriptors` of them.
    case keep(String, [StoredDescriptor])
    case drop(String)

    var name: String {
        switch self {
        case .keep(let name, _), .drop(let name): name
        }
    }

    /// The orders by which all of these are kept.
    static func keeping(_ name: String, _ descriptors: [StoredDescriptor]) -> [StoreOrder] {
        stride(from: 0, to: descriptors.count, by: PacketSocket.mostDescriptors).map {
            .keep(name, Array(descriptors[$0...].prefix(PacketSocket.mostDescriptors)))
        }
    }
}

/// A place where descriptors outlive koomyd.
protocol DescriptorPlace: AnyObject {
    /// What a name is called there.
    func nameThere(_ name: String) -> String

    /// Carries out an order without waiting; false where that cannot be done now.
    func carryOut(_ order: StoreOrder) throws(SystemError) -> Bool

    /// Forgets everything; the names are those that are kept. It may wait for a moment.
    func end(_ names: [String])
}

extension DescriptorPlace {
    func nameThere(_ name: String) -> String { name }
}
