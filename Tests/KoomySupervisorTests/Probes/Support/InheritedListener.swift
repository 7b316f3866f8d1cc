import KoomyModel
import KoomySystem
import TestSupport

@testable import KoomySupervisor

/// A listening socket as koomyd holds it, handed to programs as descriptor 3.
final class InheritedListener {
    let socket: ListeningSocket
    let inode: UInt64

    init(nonblocking: Bool = false) throws {
        let spec = ListenerSpec(name: "web", address: .tcp(host: "127.0.0.1", port: 0), nonblocking: nonblocking)
        socket = try ListeningSocket.open(spec)
        inode = try Self.inode(of: socket.descriptor.number)
    }

    var port: UInt16 { if case .tcp(_, let port) = socket.address { port } else { 0 } }

    static func inode(of descriptor: Int32) throws -> UInt64 {
        let target = ProcFS.descriptorTargets(of: ThisProcess.id)?[descriptor] ?? ""
        guard let inode = ProcFS.socketInode(target) else { throw NotInTime(description: "no socket: \(target)") }
        return inode
    }

    func start(_ arguments: [String], folder: String? = nil) throws -> Program {
        try Program(
            arguments,
            environment: ["LISTEN_FDS": "1"],
            folder: folder,
            descriptors: [.init(socket.descriptor.number, as: 3)]
        )
    }

    func python(_ lines: [String]) throws -> Program {
        try start(["python3", "-c", lines.joined(separator: "\n")])
    }

    /// What is seen of a program now.
    func look(at program: Program) -> ReadinessObserver.Finding? {
        ReadinessObserver.look(at: program.tree, listeners: [inode])
    }

    /// Waits until the program is seen to accept.
    func expectAccepting(_ program: Program) throws {
        let found = try eventually("\(ProcFS.arguments(of: program.pid) ?? []) is seen") { look(at: program) }
        guard found == .accepting else { throw NotInTime(description: "\(found)") }
    }
}
