import CKoomyLinux
import Glibc
import KoomyModel

extension ResourceLimit.Resource {
    /// The number of setrlimit(2).
    var kernelNumber: Int32 {
        switch self {
        case .core: Int32(RLIMIT_CORE.rawValue)
        case .cpu: Int32(RLIMIT_CPU.rawValue)
        case .data: Int32(RLIMIT_DATA.rawValue)
        case .fsize: Int32(RLIMIT_FSIZE.rawValue)
        case .memlock: Int32(__RLIMIT_MEMLOCK.rawValue)
        case .msgqueue: Int32(__RLIMIT_MSGQUEUE.rawValue)
        case .nice: Int32(__RLIMIT_NICE.rawValue)
        case .nofile: Int32(RLIMIT_NOFILE.rawValue)
        case .nproc: Int32(__RLIMIT_NPROC.rawValue)
        case .rss: Int32(__RLIMIT_RSS.rawValue)
        case .rtprio: Int32(__RLIMIT_RTPRIO.rawValue)
        case .rttime: Int32(__RLIMIT_RTTIME.rawValue)
        case .sigpending: Int32(__RLIMIT_SIGPENDING.rawValue)
        case .stack: Int32(RLIMIT_STACK.rawValue)
        case .addressSpace: Int32(RLIMIT_AS.rawValue)
        case .locks: Int32(__RLIMIT_LOCKS.rawValue)
        }
    }

    init?(kernelNumber: Int32) {
        guard let found = Self.allCases.first(where: { $0.kernelNumber == kernelNumber }) else { return nil }
        self = found
    }
}

extension ResourceLimit {
    var kernelLimit: koomy_limit {
        koomy_limit(resource: resource.kernelNumber, soft: soft ?? .max, hard: hard ?? .max)
    }
}

extension UInt64 {
    /// RLIM_INFINITY as nil.
    var asLimit: UInt64? { self == .max ? nil : self }
}
