import KoomyModel
import KoomySystem
import KoomyWire

/// Shows log files, and what comes to them.
final class LogSession {
    private let session: Session
    private let inputs: [LogSelection.Input]
    private let request: LogsRequest
    private let now: WallTime
    private var code = ExitCode.done
    /// What was said of files already, for one may be looked at twice.
    private var told: Set<String> = []

    /// With many lines to come from one file, the others are looked at after so many.
    private static let fairShare = 1_024

    init(_ session: Session, _ inputs: [LogSelection.Input], _ request: LogsRequest, now: WallTime) {
        self.session = session
        self.inputs = inputs
        self.request = request
        self.now = now
    }

    /// - Returns: The exit code: that of a file that could not be shown, if there is one.
    func run() -> Int32 {
        // Before the first look, so that no change after it goes unseen.
        let changes = request.follow ? LogChanges(of: inputs.map(\.path)) : nil
        let pattern = request.pattern.flatMap { try? LinePattern($0, ignoresCase: request.ignoresCase) }
        let merge = LogMerge(inputs.compactMap { begin($0, pattern) })
        let printer = LogPrinter(style, session.results)
        repeat {
            changes?.watchFiles()
            merge.look()
            var count = 0
            while let (origin, entry) = merge.next() {
                printer.print(entry, of: origin)
                count += 1
                if count % Self.fairShare == 0 { merge.look() }
            }
            printer.flush()
        } while changes.map { !merge.isEmpty && $0.wait() } ?? false
        return code.rawValue
    }

    private var style: LogPrinter.Style {
        if session.options.json { return .json }
        if request.isRaw { return .raw }
        return .text(isLabelled: request.hasLabels && (inputs.count > 1 || inputs.first?.format == .json))
    }

    private func begin(_ input: LogSelection.Input, _ pattern: LinePattern?) -> LogMerge<LogOrigin>.Input? {
        do throws(LogFileProblem) {
            let plan = try LogPlan(
                of: input.path,
                count: request.count,
                filter(input, pattern),
                input.format,
                follows: request.follow
            )
            let tail = LogTail(plan) { [self] in report($0, of: input.origin.app) }
            if !tail.hasFile { session.note("\(input.origin.app): nothing written yet to \(input.path)") }
            return .init(input.origin, modified: tail.modified?.nanoseconds ?? 0) { tail.next() }
        } catch {
            report(error, of: input.origin.app)
            return nil
        }
    }

    private func filter(_ input: LogSelection.Input, _ pattern: LinePattern?) -> LineFilter {
        let filter = LineFilter(
            since: request.since?.time(now: now),
            until: request.until?.time(now: now),
            slots: input.slots,
            generation: request.generation,
            stream: input.stream,
            pattern: pattern
        )
        guard case .stamped(let format) = input.format, let stamps = try? StampReader(format) else { return filter }
        return filter.rounded(to: stamps.resolution)
    }

    private func report(_ problem: LogFileProblem, of app: String) {
        guard told.insert(problem.path).inserted else { return }
        let text = "\(app): \(problem.path): \(problem.message)"
        Output.print(session.errors.clean(text), to: .errors)
        if code == .done { code = problem.isDenied ? .notPermitted : .trouble }
    }
}
