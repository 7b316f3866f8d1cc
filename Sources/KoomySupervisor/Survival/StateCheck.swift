import KoomyEventLoop
import KoomyModel
import KoomySystem

/// The question to another binary whether it can read the present state: `BINARY --check-state 3`.
final class StateCheck {
    enum Verdict {
        /// With what it said.
        case accepted(String)
        case refused(String)
    }

    let binary: String
    private let child: ProbeChild
    private let output: SharedDescriptor
    private var timer: TimerSource?
    private var ended: ((Verdict) -> Void)?
    /// A binary that thinks for longer than this about the state of a whole fleet is not koomyd.
    private static let limit = TimeSpan.seconds(20)
    /// The number under which it finds the state.
    private static let descriptor: Int32 = 3

    /// - Parameters:
    ///   - binary: The path of the program.
    ///   - state: Sealed memory with the checkpoint.
    ///   - processes: What starts and reaps it.
    ///   - ended: Called once, later.
    /// - Throws: Where it cannot be started.
    init(
        _ binary: String,
        state: borrowing FileDescriptor,
        in processes: ProcessTable,
        _ ended: @escaping (Verdict) -> Void
    ) throws {
        self.binary = binary
        self.ended = ended
        let pipe = try Pipe().shared()
        var request = SpawnRequest(
            path: binary,
            arguments: ["koomyd", "--check-state", "\(Self.descriptor)"],
            environment: processes.environment,
            workingDirectory: "/"
        )
        request.descriptors = [
            .init(pipe.writeEnd.number, as: 1), .init(pipe.writeEnd.number, as: 2),
            .init(state.number, as: Self.descriptor),
        ]
        output = pipe.readEnd
        try output.descriptor.setNonblocking(true)
        let outbox = Outbox()
        child = try withExtendedLifetime(pipe) { try processes.run(request) { outbox.target?.finished($0) } }
        outbox.target = self
        timer = try processes.loop.timer(at: MonotonicClock.now() + Self.limit) { [weak self] in
            guard let self else { return }
            child.kill()
            end(.refused("no answer in \(Self.limit)"))
        }
    }

    private final class Outbox {
        weak var target: StateCheck?
    }

    private func finished(_ reason: ExitReason) {
        let bytes = (try? output.descriptor.read(most: 1 << 14)) ?? []
        let words = String(decoding: bytes, as: UTF8.self).split(separator: "\n").joined(separator: " ")
        if reason.isSuccess { end(.accepted(words)) } else { end(.refused(words.isEmpty ? "\(reason)" : words)) }
    }

    private func end(_ verdict: Verdict) {
        timer = nil
        ended.take()?(verdict)
    }
}
