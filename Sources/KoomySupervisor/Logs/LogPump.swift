package import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// Carries what a worker writes to one of its standard streams to its log, line by line.
///
/// A line leaves the pipe only by being written, and one without its end stays in it: koomyd holds nothing that a kill
/// could lose. As what stays keeps the pipe readable, only what is new wakes the loop.
package final class LogPump {
    private let sink: LogSink
    private let pipe: LogPipe
    private let lookahead: PipeLookahead
    private let loop: EventLoop
    private var source: IOSource?
    private var pace = LogPace()
    /// Has the pipe looked at although nothing woke the loop.
    private var alarm: TimerSource?
    /// How long the next wait for the end of a line is.
    private var patience = shortestPatience
    /// How many bytes at the beginning of the pipe are known to have no newline.
    private var known = 0
    private var ended: (() -> Void)?

    /// What came of one look into the pipe.
    private enum Step { case took(Int), nothing, ended }

    /// Begins to read, and at once if there is something.
    ///
    /// - Parameters:
    ///   - loop: Where it is watched.
    ///   - pipe: The read end; nothing is changed in it, as others may share it.
    ///   - sink: Where the lines go.
    ///   - lookahead: Shared by all pumps: only one reads at a time.
    ///   - ended: Called once, when nobody can write to the pipe any more.
    /// - Throws: Where the pipe cannot be watched.
    package init(
        loop: EventLoop,
        pipe: LogPipe,
        sink: LogSink,
        lookahead: PipeLookahead,
        ended: @escaping () -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.pipe = pipe
        self.sink = sink
        self.lookahead = lookahead
        self.ended = ended
        // The line that a kill of an earlier koomyd cut goes on before any other is written to its file.
        if pipe.isMarked { drain() }
        source = try loop.io(pipe.shared.number, Self.news, priority: .idle) { [weak self] events in
            self?.turn(isLast: events.contains(.hangUp))
        }
    }

    private static let news: IOEvents = [.readable, .edgeTriggered]

    /// Takes all lines that are there now: a worker that has ended left its last words in the pipe.
    package func drain() { drain(withRest: false) }

    /// Writes what is there now, the line without its end too, and lets go of the pipe.
    package func close() {
        guard source != nil else { return }
        drain(withRest: true)
        source.remove()
        alarm = nil
        let ended = ended
        self.ended = nil
        ended?()
    }

    /// One look for each turn of the loop, so that a flooding worker does not hold it.
    private func turn(isLast: Bool) {
        let before = known
        switch step(withRest: isLast) {
        case .took(let count):
            patience = Self.shortestPatience
            if !isLast, let span = pace.rest(after: count, at: MonotonicClock.now()), arm(after: span) {
                source?.disable()
            } else {
                watch()
            }
        case .nothing:
            if source?.isEnabled == false { watch() }
            if known > 0 { waitForEnd(isNew: known != before) }
        case .ended: close()
        }
    }

    /// Has the pipe wake the loop, at once if it is readable still: of what one look did not see no edge is to come.
    private func watch() {
        // Both put it into the epoll set anew, which looks at it once (epoll_ctl(2)); neither can fail here.
        if source?.isEnabled == true { try? source?.setEvents(Self.news) } else { source?.enable() }
    }

    /// Looks again after a while at a line that has no end yet, though nothing wakes the loop.
    ///
    /// A write(2) that does not fit into the pipe wakes nobody before it ends, unless the pipe was empty, and it does
    /// not end before somebody reads. Only writes of the size of the pipe come to that, and a line that stays as it is
    /// is asked after less and less.
    private func waitForEnd(isNew: Bool) {
        patience = isNew ? Self.shortestPatience : min(patience * 2, Self.longestPatience)
        _ = arm(after: patience)
    }

    private static let shortestPatience = TimeSpan.milliseconds(1)
    private static let longestPatience = TimeSpan.seconds(1)

    /// Takes a turn after a while; false where there is no timer for that.
    private func arm(after span: TimeSpan) -> Bool {
        if alarm == nil {
            alarm = try? loop.timer(accuracy: .microseconds(10), priority: .idle) { [weak self] in
                self?.turn(isLast: false)
            }
        }
        alarm?.arm(at: MonotonicClock.now() + span)
        return alarm != nil
    }

    private func drain(withRest: Bool) {
        // What comes meanwhile has its own turn: a child that writes for ever holds nobody.
        var left = (try? pipe.shared.descriptor.readableSize()) ?? 0
        while left > 0, case .took(let count) = step(withRest: withRest) { left -= count }
    }

    private func step(withRest: Bool) -> Step {
        do throws(SystemError) {
            switch try lookahead.look(pipe.shared, past: known, keeping: sink.share) {
            case .nothing: return .nothing
            case .ended: return .ended
            case .bytes(let view):
                // A line that fills the pipe would wait for ever for its end: it goes in pieces.
                let takesAll = view.lines == 0 && (withRest || view.isFull)
                let count = takesAll ? view.seen : view.lines
                known = view.seen - count
                guard count > 0 else { return .nothing }
                try sink.carry(count, endsLine: !takesAll, from: pipe, lookahead)
                return .took(count)
            }
        } catch {
            return .ended
        }
    }
}
