import Glibc
import KoomyModel
import KoomySystem

/// CPU time of this thread: how long a turn of the loop takes, whatever else the machine does.
enum ThreadClock {
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// System calls in which programs of the tests wait for a signal (pause(2); without it glibc calls ppoll(2)).
enum Waiting {
    #if arch(x86_64)
    static let pause: Int64 = 34
    #else
    static let pause: Int64 = 73
    #endif
}
