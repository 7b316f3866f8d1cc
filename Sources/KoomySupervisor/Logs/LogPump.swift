package import KoomyEventLoop
import KoomyModel
package import KoomySystem

/// Carries what a worker writes to one of its standard streams to its log, line by line.
///
/// A line leaves the pipe only by being written, and one without its end stays in it: koomyd holds nothing that a kill
/// could lose. As what stays keeps the pipe readable, only what is new wakes the loop. Where the disk takes nothing,
/// lines stay in the pipe as well; when that is nearly full, the app's policy says whether the worker is to wait or the
/// oldest lines are to go.
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
    /// Nobody writes any more, but the disk has not taken everything yet; since then.
    private var farewell: Instant?
    private var ended: (() -> Void)?

    /// What came of one look into the pipe.
    private enum Step { case took(Int), nothing, blocked, ended }

    /// Begins to read, first of all what an earlier koomyd was at.
    ///
    /// - Parameters:
    ///   - loop: Where it is watched.
    ///   - pipe: The read end; nothing is changed in it, as others may share it.
    ///   - sink: Where the lines go.
    ///   - lookahead: Shared by all pumps: only one reads at a time.
    ///   - ended: Called once, when nobody can write to the pipe any more and all of it is carried or given up.
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
        try sink.settle(pipe, lookahead)
        source = try loop.io(pipe.shared.number, Self.news, priority: .idle) { [weak self] events in
            self?.turn(isLast: events.contains(.hangUp))
        }
    }

    private static let news: IOEvents = [.readable, .edgeTriggered]

    /// Takes all lines that are there now: a worker that has ended left its last words in the pipe.
    package func drain() { _ = drain(withRest: false) }

    /// Writes what is there now, the line without its end too, and lets go of the pipe as soon as that is done.
    package func close() {
        guard ended != nil, farewell == nil else { return }
        farewell = MonotonicClock.now()
        source.remove()
        finish()
    }

    /// One look for each turn of the loop, so that a flooding worker does not hold it.
    private func turn(isLast: Bool) {
        if farewell != nil { return finish() }
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
        case .blocked:
            // Not each line that comes meanwhile is a reason to try again.
            if arm(after: nextTry) { source?.disable() }
        case .ended: close()
        }
    }

    /// The last words: where the disk does not take them at once, it is asked again for a while, or for as long as it
    /// takes where nothing may be thrown away.
    private func finish() {
        // Nobody else gives a slow reader the end of what this worker has said.
        guard drain(withRest: true) == .blocked || !sink.deliver() else { return letGo() }
        let isOver = farewell.map { MonotonicClock.now() - $0 > Self.longestFarewell } ?? true
        if sink.whenFull == .block || !isOver, arm(after: nextTry) { return }
        if let left = try? pipe.shared.descriptor.readableSize(), left > 0 {
            lookahead.forget()
            try? sink.drop(left, from: pipe, lookahead)
        }
        letGo()
    }

    private func letGo() {
        alarm = nil
        ended.take()?()
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
    /// A pipe that fills in less while no disk takes anything makes its worker wait for as long.
    private static let blockedPatience = TimeSpan.milliseconds(50)
    private var nextTry: TimeSpan { sink.pause.map { max(Self.shortestPatience, $0) } ?? Self.blockedPatience }
    private static let longestFarewell = TimeSpan.seconds(10)
    /// Half of a pipe's pages may be half empty, so it can be full with half of its bytes.
    private static let crowded = Int(LogTable.pipeCapacity / 4)

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

    @discardableResult
    private func drain(withRest: Bool) -> Drained {
        // What comes meanwhile has its own turn: a child that writes for ever holds nobody.
        var left = (try? pipe.shared.descriptor.readableSize()) ?? 0
        while left > 0 {
            switch step(withRest: withRest) {
            case .took(let count): left -= count
            case .blocked: return .blocked
            case .nothing, .ended: return .done
            }
        }
        return .done
    }

    private enum Drained { case done, blocked }

    private func step(withRest: Bool) -> Step {
        lookahead.forget()
        do throws(SystemError) {
            guard sink.mayTry else { return try makeRoom() }
            if let owed = sink.owed { return try carry(owed, endsLine: true) }
            let look = try lookahead.look(pipe.shared, past: known, keeping: sink.share, room: sink.room)
            switch look {
            case .nothing: return sink.deliver() ? .nothing : .blocked
            case .ended: return .ended
            case .bytes(let view):
                // A line that fills the pipe would wait for ever for its end: it goes in pieces.
                let takesAll = view.lines == 0 && (withRest || view.isFull)
                let count = takesAll ? view.seen : view.lines
                known = view.seen - count
                guard count > 0 else { return .nothing }
                return try carry(count, endsLine: !takesAll)
            }
        } catch {
            // What is no pipe never becomes one; for anything else there may be another time.
            return error.errno == .invalidArgument || error.errno == .badDescriptor ? .ended : .blocked
        }
    }

    private func carry(_ count: Int, endsLine: Bool) throws(SystemError) -> Step {
        switch try sink.carry(count, endsLine: endsLine, from: pipe, lookahead) {
        case .done(count): return .took(count)
        case .done(let some):
            known = 0
            return .took(some)
        case .blocked:
            known = 0
            return try makeRoom()
        }
    }

    /// The disk takes nothing: where the worker is not to wait, the oldest lines go as soon as the pipe is crowded.
    private func makeRoom() throws(SystemError) -> Step {
        guard sink.whenFull == .drop, sink.isInTrouble,
            try pipe.shared.descriptor.readableSize() >= Self.crowded
        else { return .blocked }
        let share = Int(LogTable.pipeCapacity)
        guard case .bytes(let view) = try lookahead.look(pipe.shared, past: 0, keeping: share) else { return .blocked }
        known = 0
        try sink.drop(sink.owed ?? (view.lines > 0 ? view.lines : view.seen), from: pipe, lookahead)
        return .blocked
    }
}
