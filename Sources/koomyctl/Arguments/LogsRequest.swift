import KoomyModel
import KoomyWire

/// What `koomyctl logs` is to show.
struct LogsRequest: Equatable {
    enum Stream: String, CaseIterable, Equatable {
        case out, err

        /// The same as koomyd calls it.
        var stream: LogStream { self == .out ? .out : .error }
    }

    static let usualLines = 20

    /// Empty for every app.
    var targets: [Target] = []
    /// How many lines of each file; nil for as many as is usual.
    var lines: Int?
    var follow = false
    var streams = Stream.allCases
    var since: TimeWord?
    var until: TimeWord?
    var pattern: String?
    var ignoresCase = false
    var generation: UInt64?
    var isRaw = false
    var hasLabels = true

    /// How many lines of each file; nil for all.
    var count: Int? { lines ?? (since == nil && until == nil ? Self.usualLines : nil) }
}

extension ArgumentParser {
    func logs() throws(UsageError) -> LogsRequest {
        var request = LogsRequest()
        if !operands.isEmpty { request.targets = try targets(.logs) }
        request.lines = try number(.lines, .logs).map { Int(clamping: $0) }
        request.follow = options[.follow] != nil
        switch (options[.out] != nil, options[.err] != nil) {
        case (true, false): request.streams = [.out]
        case (false, true): request.streams = [.err]
        case (true, true), (false, false): break
        }
        request.since = try time(.since)
        request.until = try time(.until)
        request.pattern = options[.grep]
        request.ignoresCase = options[.ignoreCase] != nil
        request.generation = try number(.generation, .logs)
        request.isRaw = options[.raw] != nil
        request.hasLabels = options[.noHeaders] == nil
        try check(request)
        return request
    }

    private func time(_ option: Option) throws(UsageError) -> TimeWord? {
        guard let text = options[option] else { return nil }
        guard let word = TimeWord(parsing: text) else {
            throw UsageError(
                message: "\(option.text) \(text) is no point in time",
                hint: TimeWord.examples,
                command: .logs
            )
        }
        return word
    }

    private func check(_ request: LogsRequest) throws(UsageError) {
        if request.isRaw, options[.json] != nil {
            throw UsageError(message: "--raw and --json exclude each other", hint: nil, command: .logs)
        }
        guard let pattern = request.pattern else {
            guard request.ignoresCase else { return }
            throw UsageError(message: "--ignore-case goes with --grep", hint: nil, command: .logs)
        }
        do throws(LinePattern.Problem) {
            _ = try LinePattern(pattern, ignoresCase: request.ignoresCase)
        } catch {
            throw UsageError(
                message: "--grep \(pattern) is no regular expression: \(error.message), at character \(error.position)",
                hint: "a character that is meant as it is has a backslash before it, as in \\( or \\[",
                command: .logs
            )
        }
    }
}
