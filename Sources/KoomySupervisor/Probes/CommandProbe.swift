import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Asks a command, by its exit code.
final class CommandProbe: ProbeWork {
    private let arguments: [String]
    private let execute: ([String]) throws -> SpawnedProcess
    /// Takes the process in care until it is reaped.
    private let adopt: (consuming SpawnedProcess, @escaping (ExitReason) -> Void) throws -> ProbeChild
    private var child: ProbeChild?

    init(
        arguments: [String],
        execute: @escaping ([String]) throws -> SpawnedProcess,
        adopt: @escaping (consuming SpawnedProcess, @escaping (ExitReason) -> Void) throws -> ProbeChild
    ) {
        self.arguments = arguments
        self.execute = execute
        self.adopt = adopt
    }

    let missing = "no end of the command"

    func start(_ answer: @escaping (ProbeResult) -> Void) {
        do {
            child = try adopt(try execute(arguments)) { [weak self] reason in
                guard self?.child != nil else { return }
                self?.child = nil
                answer(Self.result(of: reason))
            }
        } catch let failure as StartFailure {
            answer(.failed(ProbeFailure(failure).words))
        } catch {
            answer(.failed("cannot run the command: \(error)"))
        }
    }

    func stop() { child.take()?.kill() }

    private static func result(of reason: ExitReason) -> ProbeResult {
        switch reason {
        case .exited(code: 0): .succeeded
        case .exited(let code): .failed("exit code \(code)")
        case .signaled(let signal, _): .failed("killed by \(signal)")
        case .failedToStart(let failure): .failed(ProbeFailure(failure).words)
        case .unknown: .failed("the command ended, nobody knows how")
        }
    }
}
