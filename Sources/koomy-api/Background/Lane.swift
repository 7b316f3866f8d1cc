import Glibc
import Synchronization

/// A thread that performs jobs in the order in which they came, all that have come together in one batch.
final class Lane<Job: Sendable>: Sendable {
    private let waiting = Mutex<[Job]>([])
    private let wake: EventCounter
    private let limit: Int
    private let perform: @Sendable ([Job]) -> Void

    /// Starts the thread; it lives as long as the process.
    ///
    /// nil where the kernel gives none.
    ///
    /// `limit`: more jobs than this do not wait.
    init?(limit: Int, perform: @escaping @Sendable ([Job]) -> Void) {
        guard let wake = EventCounter(waits: true) else { return nil }
        self.wake = wake
        self.limit = limit
        self.perform = perform
        guard ThreadBody.start({ self.run() }) else { return nil }
    }

    /// Hands a job over; false where too many wait.
    func submit(_ job: Job) -> Bool {
        let fits = waiting.withLock { jobs in
            guard jobs.count < limit else { return false }
            jobs.append(job)
            return true
        }
        if fits { wake.signal() }
        return fits
    }

    private func run() -> Never {
        while true {
            wake.take()
            let batch = waiting.withLock { jobs in
                let batch = jobs
                jobs = []
                return batch
            }
            if !batch.isEmpty { perform(batch) }
        }
    }
}

/// What a new thread runs, carried through the one pointer of pthread_create(3).
private final class ThreadBody {
    /// Enough for SQLite and the name lookup of getaddrinfo(3).
    private static let stackSize = 1 << 20

    private let run: @Sendable () -> Void

    private init(_ run: @escaping @Sendable () -> Void) { self.run = run }

    static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let body = Unmanaged.passRetained(ThreadBody(run))
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            &attributes,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            },
            body.toOpaque()
        )
        if result != 0 { body.release() }
        return result == 0
    }
}
