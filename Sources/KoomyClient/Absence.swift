import Glibc
import KoomyModel
import KoomySystem
import KoomyWire

/// How long a daemon that is away is waited for, and when it is asked again.
///
/// koomyd is away for a moment while it is upgraded, or was killed and is started again. What shows it: a socket's file
/// that refuses (its koomyd has died), or a connection that breaks before the answer is complete. A file that is not
/// there shows that there is no koomyd; unless one was just seen to go.
struct Absence {
    /// What is waited for longer: the end of what was begun, or just an answer.
    enum Stake { case answer, begun }

    private enum State {
        /// No failure yet, or the last one is overcome. Transitions to: away.
        case present
        /// Asked and failed, since this moment. Transitions to: present.
        case away(until: Instant, pause: TimeSpan, hasBroken: Bool, failures: Int)
    }

    /// A connection that lasted this long was to a daemon that had come back: what follows is another absence.
    ///
    /// One that cannot stay dies sooner; a koomyd that is killed every few seconds goes on with what was begun.
    private static let longestProof = TimeSpan.seconds(1)
    /// The same as a part of a short patience.
    private static let lastingPart = 1.0 / 6
    private static let firstPause = TimeSpan.milliseconds(10)
    private static let longestPause = TimeSpan.milliseconds(250)

    private var state = State.present
    private var wasTold = false
    private let path: String
    private let stake: Stake
    private let contactPatience: TimeSpan
    private let returnPatience: TimeSpan
    /// When the whole call is over.
    private let deadline: Deadline

    init(_ client: ControlClient, stake: Stake, deadline: Deadline) {
        path = client.socketPath
        self.stake = stake
        contactPatience = TimeSpan(client.contactPatience)
        switch stake {
        case .answer: returnPatience = contactPatience
        case .begun: returnPatience = TimeSpan(client.returnPatience)
        }
        self.deadline = deadline
    }

    /// Waits a little after a failed attempt, so that another one can be made.
    ///
    /// - Parameters:
    ///   - error: Why the attempt failed.
    ///   - attempt: When it was begun.
    ///   - onAway: Called once, when a daemon has been away for more than one attempt.
    /// - Throws: Why no other attempt is to be made.
    mutating func outlast(
        _ error: ClientError,
        since attempt: Instant,
        onAway: () -> Void
    ) throws(ClientError) {
        let now = MonotonicClock.now()
        let proof = min(Self.longestProof, returnPatience.scaled(by: Self.lastingPart))
        if case .away = state, now - attempt >= proof, error == .lost {
            state = .present
        }
        let isBreak = error == .lost
        var until = now + (isBreak ? returnPatience : contactPatience)
        var pause = Self.firstPause
        var hasBroken = isBreak
        var failures = 1
        switch state {
        case .present: guard isBreak || showsDeath(error) else { throw error }
        case .away(let limit, let lastPause, let broke, let count):
            guard isBreak || isAbsent(error) || broke && isAboutToChange(error) else { throw error }
            // The first break makes it the longer wait; further ones do not make it longer.
            until = isBreak && !broke ? until : limit
            pause = min(lastPause * 2, Self.longestPause)
            hasBroken = broke || isBreak
            failures = count + 1
        }
        // What was begun may have been done: that nobody answers now is not all that there is to say.
        guard now < until else { throw hasBroken && stake == .begun ? .lost : error }
        if failures == 2, !wasTold {
            wasTold = true
            onAway()
        }
        state = .away(until: until, pause: pause, hasBroken: hasBroken, failures: failures)
        guard !deadline.hasPassed else { throw .timedOut }
        let rest = Deadline(at: min(now + pause, until)).sooner(deadline)
        while !rest.hasPassed { _ = poll(nil, 0, rest.remainingMilliseconds) }
        guard !deadline.hasPassed else { throw .timedOut }
    }

    /// A file without a listener is what a koomyd leaves that could not tidy up.
    private func showsDeath(_ error: ClientError) -> Bool {
        guard isAbsent(error) else { return false }
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private func isAbsent(_ error: ClientError) -> Bool { error == .noDaemon(path: path) }

    /// One that leaves for another to come begins nothing; of one that has just come the socket's file may not have its
    /// group yet.
    private func isAboutToChange(_ error: ClientError) -> Bool {
        switch error {
        case .refused(let view, _): view.code == Outcome.shuttingDown.rawValue
        case .noPermission: true
        case .noDaemon, .cannotConnect, .noAnswer, .timedOut, .lost, .unexpected: false
        }
    }
}
