import CKoomyLinux
import Glibc
package import KoomyModel

extension ProcFS {
    /// How a process ended that its parent has not reaped (proc_pid_stat(5), exit_code); nil for one that runs or is gone,
    /// and without the right to know: the kernel then says 0, which would be an invention.
    package static func exitReason(ofZombie pid: ProcessID) -> ExitReason? {
        guard let bytes = read(pid, "stat", most: 1_024), let stat = ProcessStat(parsing: bytes),
            stat.state == UInt8(ascii: "Z"),
            let word = bytes.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }).last,
            let status = ByteCursor.number(word)
        else { return nil }
        // What has ended has no program; whether we may know that is decided by the same rule (PTRACE_MODE_READ_FSCREDS).
        var target: CChar = 0
        guard koomy_read_link("/proc/\(pid)/exe", &target, 1) == -Int(ENOENT) else { return nil }
        return ExitReason(waitStatus: Int32(truncatingIfNeeded: status))
    }
}

extension ExitReason {
    /// What wait(2) calls a status.
    init(waitStatus status: Int32) {
        guard status & 0x7F != 0 else {
            self = .exited(code: status >> 8 & 0xFF)
            return
        }
        self = Signal(number: status & 0x7F).map { .signaled($0, dumpedCore: status & 0x80 != 0) } ?? .unknown
    }
}
