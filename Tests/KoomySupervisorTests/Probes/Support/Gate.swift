import Glibc
import TestSupport
import Testing

/// A named pipe at which Python programs stand still, those that come later too, until the test opens it.
final class Gate {
    private let workspace: Workspace
    private var path: String { workspace("gate") }
    /// Made by a program when it has come to the gate.
    private var reached: String { workspace("reached") }
    private var descriptor: Int32 = -1

    init() throws {
        workspace = try Workspace()
        try #require(mkfifo(path, 0o600) == 0)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        Files.remove(workspace.path)
    }

    /// Waits until a program stands before it.
    func waitForArrival() throws { try eventually("the gate is reached") { Files.exists(reached) } }

    /// Lets the programs pass: who opens it to read waits for a writer, and from now on there is one (fifo(7)).
    func open() throws {
        descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
    }

    /// The lines of a Python program that wait here.
    var python: [String] { ["open('\(reached)', 'w').close()", "open('\(path)')"] }
}
