import KoomyEventLoop
import KoomyModel
import KoomySystem

/// Runs an operator's commands around a deployment, and waits for none of them.
final class TaskRunner {
    private let loop: EventLoop
    private let environment: [String: String]
    private let run: (SpawnRequest, @escaping (ExitReason) -> Void) throws -> ProbeChild
    private var children: [ObjectIdentifier: (child: ProbeChild, timer: TimerSource?)] = [:]

    /// - Parameters:
    ///   - loop: Where time passes.
    ///   - environment: koomyd's own.
    ///   - run: Starts a program and tells, later, how it ended.
    init(
        loop: EventLoop,
        environment: [String: String],
        run: @escaping (SpawnRequest, @escaping (ExitReason) -> Void) throws -> ProbeChild
    ) {
        self.loop = loop
        self.environment = environment
        self.run = run
    }

    /// Runs a command as the app's user, in its release and environment.
    ///
    /// - Parameters:
    ///   - task: The command, and how long it may take.
    ///   - wanted: The app.
    ///   - document: What it can read from its standard input.
    ///   - log: Where its output goes; the file is made if it is not there.
    ///   - ended: Called once, later, with what went wrong; nil where it exited with 0.
    func begin(
        _ task: DeploySpec.Task,
        of wanted: AppSpec,
        document: [UInt8],
        log: String,
        _ ended: @escaping (String?) -> Void
    ) {
        do {
            let spec = wanted.located()
            let input = SharedDescriptor(try SealedMemory.create("koomy-deployment", document))
            let output = SharedDescriptor(try .appending(to: log, mode: 0o600))
            if try output.descriptor.fileSize() > Self.room { try output.descriptor.cut(to: 0) }
            let request = try request(task, spec, input.number, output.number)
            let handle = Handle()
            let child = try withExtendedLifetime((input, output)) {
                try run(request) { [weak self] reason in
                    guard let self, children.removeValue(forKey: ObjectIdentifier(handle)) != nil else { return }
                    ended(handle.problem ?? Self.words(for: reason))
                }
            }
            let deadline = MonotonicClock.now() + task.timeout
            let timer = try loop.timer(at: MonotonicClock.now() + Self.period, priority: .idle) { [weak self] in
                guard let self, let entry = children[ObjectIdentifier(handle)] else { return }
                let now = MonotonicClock.now()
                if now >= deadline {
                    handle.problem = "no end within \(task.timeout)"
                } else if let size = try? output.descriptor.fileSize(), size > Self.mostOutput {
                    handle.problem = "it wrote more than \(Self.mostOutput >> 20) MiB"
                } else {
                    entry.timer?.arm(at: min(deadline, now + Self.period))
                    return
                }
                entry.child.kill()
            }
            children[ObjectIdentifier(handle)] = (child, timer)
        } catch {
            let words = "\(error)"
            loop.post { ended(words) }
        }
    }

    /// What hooks wrote before is forgotten when it is more than that.
    private static let room: Int64 = 1 << 20

    /// One that writes more has gone astray; it is looked at as often as that.
    private static let mostOutput: Int64 = 64 << 20
    private static let period = TimeSpan.milliseconds(100)

    private final class Handle { var problem: String? }

    private func request(
        _ task: DeploySpec.Task,
        _ spec: AppSpec,
        _ input: Int32,
        _ output: Int32
    ) throws -> SpawnRequest {
        let identity = try LaunchPlan.resolve(spec.identity)
        var variables = WorkerEnvironment.base(spec, identity: identity, own: environment)
        variables["KOOMY_APP"] = spec.name.text
        if let release = spec.release { variables["KOOMY_RELEASE"] = release.id }
        let directory = spec.release?.path ?? spec.workingDirectory
        let arguments = task.arguments.map { spec.release?.locate($0) ?? $0 }
        let program = try ProgramSearch.find(arguments.first ?? "", in: directory, path: variables["PATH"])
        var request = SpawnRequest(
            path: program,
            arguments: arguments,
            environment: variables,
            workingDirectory: directory
        )
        request.identity = identity
        request.descriptors = [.init(input, as: 0), .init(output, as: 1), .init(output, as: 2)]
        return request
    }

    private static func words(for reason: ExitReason) -> String? { reason == .exited(code: 0) ? nil : "\(reason)" }
}
