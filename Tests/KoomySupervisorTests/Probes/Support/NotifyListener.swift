import KoomyEventLoop
import KoomyModel
import KoomySystem
import TestSupport

@testable import KoomySupervisor

/// A notify socket in a folder of its own, and all that came in by it.
final class NotifyListener {
    let loop: EventLoop
    let workspace: Workspace
    let path: String
    var receiver: NotifyReceiver?
    private(set) var messages: [NotifyMessage] = []
    /// Called with each message, after it was noted.
    var react: (NotifyMessage) -> Void = { _ in }
    /// How often the owner was asked about a sender.
    private(set) var questions = 0
    /// The processes that may send.
    var isOwn: (KoomySystem.ProcessID) -> Bool = { $0 == ThisProcess.id }

    init(userID: UInt32? = nil, groupID: UInt32? = nil) throws {
        loop = try EventLoop()
        workspace = try Workspace()
        path = workspace("notify")
        receiver = try NotifyReceiver(
            loop: loop,
            path: path,
            userID: userID,
            groupID: groupID,
            isOwn: { [weak self] pid in
                self?.questions += 1
                return self?.isOwn(pid) ?? false
            },
            { [weak self] message in
                self?.messages.append(message)
                self?.react(message)
            }
        )
    }

    isolated deinit {
        receiver = nil
        Files.remove(workspace.path)
    }

    /// The environment of one that is to send.
    var environment: [String: String] { ["NOTIFY_SOCKET": path] }

    /// Lets only this program's processes send.
    func accept(_ program: Program) {
        isOwn = { [mark = program.mark] pid in
            ProcessTree.members(mark).contains { $0.pid == pid }
        }
    }

    /// Sends from this process.
    func send(_ text: String, descriptors: [Int32] = []) throws { try send(Array(text.utf8), descriptors: descriptors) }

    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws {
        try DatagramSocket.send(bytes, to: path, descriptors: descriptors)
    }

    func wait(for count: Int = 1) throws {
        try loop.turn(until: "\(count) messages, so far \(messages)") { messages.count >= count }
    }
}
