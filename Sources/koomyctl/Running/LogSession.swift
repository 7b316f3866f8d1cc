import KoomyModel
import KoomySystem
import KoomyWire

/// Shows log files, and what comes to them.
final class LogSession {
    private let session: Session
    private var inputs: [LogSelection.Input]
    private let request: LogsRequest
    private let now: WallTime
    private let pattern: LinePattern?
    /// Which files there are now.
    private let ask: () -> [LogSelection.Input]?
    /// When that may be asked again.
    private var nextQuestion = Instant(nanoseconds: 0)
    private var code = ExitCode.done
    /// What was said of files already, for one may be looked at twice.
    private var told: Set<String> = []

    /// With many lines to come from one file, the others are looked at after so many.
    private static let fairShare = 1_024
    /// A busy folder is no reason to keep koomyd busy.
    private static let questionPause = TimeSpan.seconds(1)

    init(
        _ session: Session,
        _ inputs: [LogSelection.Input],
        _ request: LogsRequest,
        now: WallTime,
        ask: @escaping () -> [LogSelection.Input]?
    ) {
        self.session = session
        self.inputs = inputs
        self.request = request
        self.now = now
        self.ask = ask
        pattern = request.pattern.flatMap { try? LinePattern($0, ignoresCase: request.ignoresCase) }
    }

    /// - Returns: The exit code: that of a file that could not be shown, if there is one.
    func run() -> Int32 {
        // A file for each slot of each app may be many; what is started here does not mind (select(2)).
        _ = try? ThisProcess.raiseDescriptorLimit()
        // Before the first look, so that no change after it goes unseen.
        let changes = request.follow ? LogChanges(of: inputs.map(\.path)) : nil
        let merge = LogMerge(inputs.compactMap { begin($0, count: request.count) })
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
            if let changes { addNewFiles(merge, changes) }
            printer.style = style
        } while changes.map { !merge.isEmpty && $0.wait() } ?? false
        return code.rawValue
    }

    private var style: LogPrinter.Style {
        if session.options.json { return .json }
        if request.isRaw { return .raw }
        return .text(isLabelled: request.hasLabels && (inputs.count > 1 || inputs.first?.format == .json))
    }

    /// A slot that is new, or an app, has files that were not there at the beginning: these are shown from theirs.
    private func addNewFiles(_ merge: LogMerge<LogOrigin>, _ changes: LogChanges) {
        guard !changes.strangers.isEmpty, nextQuestion <= MonotonicClock.now() else { return }
        let answer = ask()
        nextQuestion = MonotonicClock.now() + Self.questionPause
        // Where koomyd is away, it is asked again.
        guard let answer else { return }
        let appeared = changes.takeStrangers()
        let known = Set(inputs.map(\.path))
        for input in answer where !known.contains(input.path) {
            inputs.append(input)
            changes.add(input.path)
            if let begun = begin(input, count: appeared.contains(input.path) ? nil : 0) { merge.add(begun) }
        }
    }

    private func begin(_ input: LogSelection.Input, count: Int?) -> LogMerge<LogOrigin>.Input? {
        do throws(LogFileProblem) {
            let plan = try LogPlan(
                of: input.path,
                count: count,
                filter(input),
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

    private func filter(_ input: LogSelection.Input) -> LineFilter {
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
