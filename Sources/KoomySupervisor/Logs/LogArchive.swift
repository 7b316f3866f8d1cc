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
    /// Before it nothing is looked through again.
    private var nextLook = Instant(nanoseconds: .min)
    private var pause: TimerSource?
    private var compression: LogCompressor?
    /// What the last look has found to compress, the next one last.
    private var uncompressed: [(path: String, method: LogCompression)] = []
    /// What could not be compressed; not tried again before koomyd begins anew.
    private var hopeless: Set<String> = []
    /// Methods whose program is not installed: said once, and no file is to blame.
    private var missing: Set<LogCompression> = []
    /// Starts a program and tells how it ended; nil where nothing is compressed.
    var run: LogCompressor.Runner?

    /// Files grow old without anything being put aside.
    private static let period = TimeSpan.seconds(3_600)
    /// A look that found nothing to remove is followed by the next after so many times as long as it took.
    ///
    /// One at thousands of files takes long, and each that is put aside asks for one. Where there is too much, it is removed
    /// at once.
    private static let restsForLook: Int64 = 20

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
        if MonotonicClock.now() < nextLook {
            pause = try? loop.timer(at: nextLook, priority: .idle) { [weak self] in self?.tidyAll() }
            if pause != nil { return }
        }
        loop.post { [weak self] in self?.tidyAll() }
    }

    private func tidyAll() {
        isAwaited = false
        let begun = MonotonicClock.now()
        uncompressed = []
        var removed = 0
        for (_, holding) in holdings.sorted(by: { $0.key.text < $1.key.text }) { removed += tidy(holding) }
        uncompressed.reverse()
        let ended = MonotonicClock.now()
        nextLook = removed > 0 ? ended : ended + (ended - begun) * Self.restsForLook
        compressNext()
    }

    /// Removes what is too much, and notes what is to be compressed.
    ///
    /// - Parameter holding: Of one app.
    /// - Returns: How many files were too many.
    private func tidy(_ holding: Holding) -> Int {
        guard holding.rotation.removesOrCompresses else { return 0 }
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
        let surplus = holding.rotation.surplus(of: files, at: WallClock.now())
        for path in surplus {
            // One of an interrupted compression goes with the whole one.
            for suffix in LogCompression.allCases.compactMap(\.suffix) { try? AtomicFile.unlink("\(path).\(suffix)") }
            do throws(SystemError) {
                try AtomicFile.unlink(path)
            } catch {
                if error.errno != .noSuchFile { noticed(path, "\(error)") }
            }
        }
        let method = holding.rotation.compression
        guard method != .none, run != nil else { return surplus.count }
        uncompressed += files.joined().filter { $0.name.compression == .none }.map { ($0.path, method) }
        return surplus.count
    }

    private func compressNext() {
        guard compression == nil, let run else { return }
        while let (path, method) = uncompressed.popLast() {
            // The look may be a while ago.
            guard !missing.contains(method), !hopeless.contains(path), FileFacts(at: path) != nil else { continue }
            do {
                compression = try LogCompressor(path, by: method, run) { [weak self] problem in
                    guard let self else { return }
                    compression = nil
                    if let problem { giveUp(path, method, problem) }
                    loop.post { [weak self] in self?.compressNext() }
                }
                return
            } catch {
                giveUp(path, method, .other("\(error)"))
            }
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
