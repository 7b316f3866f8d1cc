import CKoomyLinux
import Glibc
import KoomyModel

extension ExitReason {
    /// What waitid(2) said.
    init(_ end: koomy_exit) {
        switch UInt32(bitPattern: end.end) {
        case KOOMY_END_EXITED.rawValue: self = .exited(code: end.status)
        case KOOMY_END_KILLED.rawValue, KOOMY_END_DUMPED.rawValue:
            let dumpedCore = UInt32(bitPattern: end.end) == KOOMY_END_DUMPED.rawValue
            self = Signal(number: end.status).map { .signaled($0, dumpedCore: dumpedCore) } ?? .unknown
        default: self = .unknown
        }
    }
}
