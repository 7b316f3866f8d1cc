import Glibc
import KoomyModel
import KoomySystem
import KoomyWire

/// Runs the system's programs for a deployment: cp, tar, git and the like.
struct DeployTools {
    /// Marks what a deployment has started, by the folder and the release: `/srv/api 20261120T170456Z-1a2b3c4`.
    static let marker = "KOOMY_DEPLOYMENT"

    let environment: [String: String]
    /// Readable when a signal has come.
    var interruption: Int32?
    /// The value of `marker`.
    var mark: String?

    /// Runs a program and returns what it wrote to its standard output; throws what it said where it failed.
    ///
    /// `outcome` is how the deployment ends then.
    @discardableResult
    func run(
        _ arguments: [String],
        folder: String = "/",
        outcome: Outcome = .badConfiguration
    ) throws(DeployFailure) -> String {
        var out: [UInt8] = []
        var said: [UInt8] = []
        let end = try end(of: arguments, folder: folder) { stream, bytes in
            switch stream {
            case .out: out += bytes
            case .error: if said.count < 65_536 { said += bytes }
            }
        }
        let name = arguments.first ?? ""
        let lines = Self.lines(said)
        switch end {
        case .ended(let reason) where reason.isSuccess: return String(decoding: out, as: UTF8.self)
        case .ended(let reason):
            let isFull = said.containsText("No space left on device")
            throw DeployFailure(
                isFull ? .cannotSave : outcome,
                "\(name) failed: \(lines.last ?? "\(reason)")",
                tail: lines.count > 1 ? Array(lines.suffix(20)) : []
            )
        case .neverStarted(let failure): throw DeployFailure(.internalError, "cannot run \(name): \(failure)")
        case .timedOut: throw DeployFailure(.internalError, "\(name) took too long")
        case .interrupted: throw .interrupted
        }
    }

    private func end(
        of arguments: [String],
        folder: String,
        _ onOutput: (ChildProgram.Stream, [UInt8]) -> Void
    ) throws(DeployFailure) -> ChildProgram.End {
        let name = arguments.first ?? ""
        do throws(SystemError) {
            let path = try ProgramSearch.find(name, in: "/", path: environment["PATH"])
            var program = ChildProgram(arguments: [path] + arguments.dropFirst(), environment: quiet, folder: folder)
            program.timeout = nil
            return try program.run(interruption: interruption, onOutput: onOutput)
        } catch  where error.errno == .noSuchFile {
            throw DeployFailure(.badConfiguration, "\(name) is not installed, or not on PATH")
        } catch {
            throw DeployFailure(error)
        }
    }

    /// The caller's environment, for keys and proxies of git, in one language and without questions.
    private var quiet: [String: String] {
        var environment = environment.merging(["LC_ALL": "C", "TZ": "UTC", "GIT_TERMINAL_PROMPT": "0"]) { $1 }
        environment[Self.marker] = mark
        return environment
    }

    /// The lines of what a program wrote, without the empty ones.
    static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension [UInt8] {
    fileprivate func containsText(_ text: String) -> Bool { firstRange(of: Array(text.utf8)) != nil }
}
