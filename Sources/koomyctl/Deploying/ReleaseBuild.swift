import Glibc
import KoomyModel
import KoomySystem
import KoomyWire

/// Runs the build of a release: as the app's user, in the release, with the environment that a worker gets.
struct ReleaseBuild {
    /// So many lines of a failed build are shown again.
    private static let tailLength = 20

    let app: AppSpec
    let task: DeploySpec.Task
    let id: ReleaseID
    /// Its folder.
    let release: String
    let revision: String
    let logPath: String
    let tools: DeployTools

    /// Runs it to its end, and passes on each line that it writes.
    func run(onLine: (String) -> Void) throws(DeployFailure) {
        let identity = try identity()
        if let identity {
            // It was copied by root.
            let owner = "\(identity.userID):\(identity.groupID)"
            try tools.run(["chown", "--recursive", "--no-dereference", owner, "--", release])
        }
        let program = ChildProgram(
            arguments: try arguments(),
            environment: environment(identity),
            folder: release,
            identity: identity,
            timeout: task.timeout
        )
        let log: SharedDescriptor
        do {
            log = SharedDescriptor(try FileDescriptor.appending(to: logPath, mode: 0o644))
        } catch {
            throw DeployFailure(error)
        }
        var lines = BuildLines(length: Self.tailLength)
        let end: ChildProgram.End
        do throws(SystemError) {
            end = try program.run(interruption: tools.interruption) { _, bytes in
                // A log that cannot be written is no reason to give the build up.
                try? log.descriptor.writeAll(bytes)
                lines.take(bytes, onLine)
            }
        } catch {
            throw DeployFailure(error)
        }
        lines.finish(onLine)
        if let failure = failure(end, tail: lines.tail) { throw failure }
    }

    private func failure(_ end: ChildProgram.End, tail: [String]) -> DeployFailure? {
        let why: String
        switch end {
        case .ended(let reason) where reason.isSuccess: return nil
        case .ended(let reason): why = "\(reason)"
        case .neverStarted(let failure): why = "\(failure)"
        case .timedOut: why = "not done within \(task.timeout)"
        case .interrupted: return .interrupted
        }
        return DeployFailure(
            .stepFailed,
            "the build failed: \(why)",
            hint: "all it wrote is in \(logPath)",
            tail: tail
        )
    }

    /// nil where it runs as whoever runs koomyctl.
    private func identity() throws(DeployFailure) -> ResolvedIdentity? {
        guard ThisProcess.isRoot else { return nil }
        do {
            return try Accounts.resolve(app.identity)
        } catch {
            throw DeployFailure(.badConfiguration, "\(error)")
        }
    }

    private func arguments() throws(DeployFailure) -> [String] {
        let path = app.environment["PATH"] ?? tools.environment["PATH"]
        do {
            let program = try ProgramSearch.find(task.arguments.first ?? "", in: release, path: path)
            return [program] + task.arguments.dropFirst()
        } catch {
            throw DeployFailure(.stepFailed, "the build failed: \(error)")
        }
    }

    /// As koomyd makes that of a worker, with the release instead of a slot.
    private func environment(_ identity: ResolvedIdentity?) -> [String: String] {
        var environment = ["PATH": tools.environment["PATH"] ?? ProgramSearch.defaultPath]
        if let account = try? Accounts.user(number: identity?.userID ?? ThisProcess.userID) {
            environment["HOME"] = account.home
            environment["USER"] = account.name
            environment["LOGNAME"] = account.name
            environment["SHELL"] = account.shell
        }
        for name in ["LANG", "TZ"] { environment[name] = tools.environment[name] }
        environment.merge(app.environment) { $1 }
        environment["KOOMY_APP"] = app.name.text
        environment["KOOMY_RELEASE"] = id.text
        environment["KOOMY_REVISION"] = revision
        environment[DeployTools.marker] = tools.mark
        return environment
    }
}

/// Puts what a build writes into lines, and keeps the last of them.
private struct BuildLines {
    /// A progress bar without line ends is no line.
    private static let longest = 4_096

    let length: Int
    private(set) var tail: [String] = []
    private var rest: [UInt8] = []

    init(length: Int) { self.length = length }

    mutating func take(_ bytes: [UInt8], _ onLine: (String) -> Void) {
        for byte in bytes {
            if byte == 0x0A || rest.count == Self.longest {
                finish(onLine)
            } else {
                rest.append(byte)
            }
        }
    }

    mutating func finish(_ onLine: (String) -> Void) {
        guard !rest.isEmpty else { return }
        let line = String(decoding: rest, as: UTF8.self)
        rest = []
        tail = tail.suffix(length - 1) + [line]
        onLine(line)
    }
}
