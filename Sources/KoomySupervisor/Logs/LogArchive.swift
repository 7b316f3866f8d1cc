import KoomyCore
import KoomyEventLoop
import KoomyModel
import KoomySystem

/// What apps have put aside of their logs: it is compressed by another process, one file after the other, and removed
/// when there is more of it than is wanted.
package final class LogArchive {
    private struct Holding {
        var paths: [String]
        var rotation: LogRotation
    }

    private let loop: EventLoop
    private let noticed: (String, String) -> Void
    private var holdings: [AppName: Holding] = [:]
    private var isAwaited = false
    private var timer: TimerSource?
    private var compression: LogCompressor?
    /// What could not be compressed; not tried again before koomyd begins anew.
    private var hopeless: Set<String> = []
    /// Methods whose program is not installed: said once, and no file is to blame.
    private var missing: Set<LogCompression> = []
    /// Starts a program and tells how it ended; nil where nothing is compressed.
    var run: LogCompressor.Runner?

    /// Files grow old without anything being put aside.
    private static let period = TimeSpan.seconds(3_600)

    /// - Parameters:
    ///   - loop: Where work waits for its turn.
    ///   - noticed: Told of a path and what is wrong there.
    init(loop: EventLoop, noticed: @escaping (String, String) -> Void) {
        self.loop = loop
        self.noticed = noticed
    }

    /// Remembers which files an app writes, and how many of them are kept.
    func note(_ app: AppName, _ paths: [String], _ rotation: LogRotation) {
        let isNew = holdings[app]?.paths != paths || holdings[app]?.rotation != rotation
        holdings[app] = Holding(paths: paths, rotation: rotation)
        if isNew { tidySoon() }
        if timer == nil {
            timer = try? loop.timer(at: MonotonicClock.now() + Self.period, accuracy: .seconds(60), priority: .idle) {
                [weak self] in
                guard let self else { return }
                timer?.arm(at: MonotonicClock.now() + Self.period)
                tidySoon()
            }
        }
    }

    /// Nothing of an app is put aside any more; what was stays.
    func forget(_ app: AppName) {
        holdings[app] = nil
        if holdings.isEmpty { timer = nil }
    }

    /// Looks, after what is being done, whether there is too much.
    func tidySoon() {
        guard !isAwaited else { return }
        isAwaited = true
        loop.post { [weak self] in
            guard let self else { return }
            isAwaited = false
            for (_, holding) in holdings.sorted(by: { $0.key.text < $1.key.text }) { tidy(holding) }
        }
    }

    private func tidy(_ holding: Holding) {
        var files: [[KeptLog]] = []
        for path in holding.paths {
            do throws(SystemError) {
                files.append(try RotatedFiles(of: path).list())
            } catch {
                // A folder that is not there holds nothing.
                if error.errno != .noSuchFile { noticed(path, "\(error)") }
            }
        }
        // What is gone needs no thought.
        if hopeless.count > 100 { hopeless = hopeless.filter { FileFacts(at: $0) != nil } }
        for path in holding.rotation.surplus(of: files, at: WallClock.now()) {
            // One of an interrupted compression goes with the whole one.
            for compression in LogCompression.allCases {
                try? AtomicFile.unlink(path + (compression.suffix.map { ".\($0)" } ?? ""))
            }
            do throws(SystemError) {
                try AtomicFile.unlink(path)
            } catch {
                if error.errno != .noSuchFile { noticed(path, "\(error)") }
            }
        }
        compress(files.joined().filter { $0.name.compression == .none }, by: holding.rotation.compression)
    }

    private func compress(_ logs: [KeptLog], by method: LogCompression) {
        guard method != .none, !missing.contains(method), compression == nil, let run,
            let next = logs.first(where: { !hopeless.contains($0.path) && FileFacts(at: $0.path) != nil })
        else { return }
        do {
            compression = try LogCompressor(next.path, by: method, run) { [weak self] problem in
                guard let self else { return }
                compression = nil
                if let problem { giveUp(next.path, method, problem) }
                tidySoon()
            }
        } catch {
            giveUp(next.path, method, .other("\(error)"))
            tidySoon()
        }
    }

    private func giveUp(_ path: String, _ method: LogCompression, _ problem: LogCompressor.Problem) {
        switch problem {
        case .missingProgram: missing.insert(method)
        case .other: hopeless.insert(path)
        }
        noticed(path, "cannot be compressed: \(problem)")
    }
}
