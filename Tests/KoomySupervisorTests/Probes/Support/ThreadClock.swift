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

/// System calls by which programs of the tests sleep (clock_nanosleep is what Python's time.sleep uses).
enum Sleeping {
    #if arch(x86_64)
    static let clockNanosleep: Int64 = 230
    #else
    static let clockNanosleep: Int64 = 115
    #endif
}
