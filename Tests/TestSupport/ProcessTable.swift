package import Glibc

/// What the kernel says of processes (proc(5)).
package enum ProcessTable {
    package static var pids: [pid_t] { Files.names(in: "/proc").compactMap { pid_t($0) } }

    /// Processes whose environment at their start had this text in it.
    ///
    /// Zombies have none, and those of other users cannot be read.
    package static func pids(withEnvironmentContaining text: String) -> [pid_t] {
        let mark = Array(text.utf8)
        return pids.filter { pid in
            guard let environment = Files.bytes(of: "/proc/\(pid)/environ") else { return false }
            return contains(environment, mark)
        }
    }

    /// Whether it runs; a zombie does not.
    package static func isAlive(_ pid: pid_t) -> Bool {
        guard let state = status(pid)["State"] else { return false }
        return !state.hasPrefix("Z") && !state.hasPrefix("X")
    }

    /// The fields of /proc/PID/status; none where the process is gone.
    package static func status(_ pid: pid_t) -> [String: String] {
        var fields: [String: String] = [:]
        for line in Files.lines(of: "/proc/\(pid)/status") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " })
        }
        return fields
    }

    package static func parent(of pid: pid_t) -> pid_t? { status(pid)["PPid"].flatMap { pid_t($0) } }

    package static func children(of pid: pid_t) -> [pid_t] { pids.filter { parent(of: $0) == pid } }

    package static func threads(of pid: pid_t) -> Int? { status(pid)["Threads"].flatMap { Int($0) } }

    /// Resident memory in bytes.
    package static func residentMemory(of pid: pid_t) -> Int? {
        status(pid)["VmRSS"].flatMap { Int($0.prefix { $0.isNumber }) }.map { $0 * 1024 }
    }

    /// What its open descriptors are, by number: `socket:[123]`, `/dev/null`.
    package static func descriptors(of pid: pid_t) -> [Int: String] {
        var found: [Int: String] = [:]
        for name in Files.names(in: "/proc/\(pid)/fd") {
            if let number = Int(name), let what = Files.target(ofLink: "/proc/\(pid)/fd/\(name)") {
                found[number] = what
            }
        }
        return found
    }

    package static func arguments(of pid: pid_t) -> [String] {
        (Files.bytes(of: "/proc/\(pid)/cmdline") ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func contains(_ bytes: [UInt8], _ mark: [UInt8]) -> Bool {
        guard let first = mark.first else { return true }
        var rest = bytes[...]
        while let at = rest.firstIndex(of: first) {
            if bytes[at...].starts(with: mark) { return true }
            rest = bytes[(at + 1)...]
        }
        return false
    }
}
