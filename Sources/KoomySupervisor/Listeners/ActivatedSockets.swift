package import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// Sockets that systemd listens on for koomyd, as units/koomyd-api.socket says (systemd.socket(5)).
///
/// They stay open as long as koomyd runs, also while no app wants them: systemd has them open too, so that their
/// addresses cannot be bound again.
package final class ActivatedSockets {
    /// What a koomyd that follows in the same process has to know of one.
    package struct Record: Hashable, Sendable, Codable {
        package var name: String
        package var socket: FileIdentity
    }

    private let sockets: [PassedDescriptor]
    private let identities: [FileIdentity]
    /// Whether systemd has just passed them: then it has set O_NONBLOCK anew, whatever their workers rely on.
    let wereReset: Bool

    /// Those that systemd passed at the start of this process.
    package init(_ passed: [PassedDescriptor] = []) {
        sockets = passed
        identities = passed.compactMap { FileIdentity(of: $0.descriptor.number) }
        wereReset = true
    }

    /// Those that the koomyd before us in this process had.
    package init(_ records: [Record], from pool: DescriptorPool) {
        sockets = records.compactMap { record in
            guard let descriptor = pool.claim(record.socket) else { return nil }
            return PassedDescriptor(name: record.name, descriptor: SharedDescriptor(descriptor))
        }
        identities = sockets.compactMap { FileIdentity(of: $0.descriptor.number) }
        wereReset = false
    }

    package var records: [Record] {
        sockets.compactMap { socket in
            FileIdentity(of: socket.descriptor.number).map { Record(name: socket.name, socket: $0) }
        }
    }

    var isEmpty: Bool { sockets.isEmpty }

    func contains(_ descriptor: Int32) -> Bool {
        // Most have none, and then nothing has to be asked.
        !isEmpty && FileIdentity(of: descriptor).map(identities.contains) ?? false
    }

    func copy(of socket: FileIdentity) -> FileDescriptor? {
        for one in sockets where FileIdentity(of: one.descriptor.number) == socket {
            return try? one.descriptor.descriptor.duplicate()
        }
        return nil
    }

    /// A copy of the socket that listens at an address, unless it is one of those that others have.
    func descriptor(at address: ListenAddress, notOf others: Set<FileIdentity>) -> FileDescriptor? {
        for one in sockets where ListeningSocket.listens(one.descriptor.number, at: address) {
            guard let identity = FileIdentity(of: one.descriptor.number), !others.contains(identity) else { continue }
            return copy(of: identity)
        }
        return nil
    }

    /// The names of those that nobody has.
    func names(notOf others: Set<FileIdentity>) -> [String] {
        records.filter { !others.contains($0.socket) }.map(\.name)
    }
}
