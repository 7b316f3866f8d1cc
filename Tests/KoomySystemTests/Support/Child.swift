import Glibc
import KoomyModel

@testable import KoomySystem

/// A started process that is killed and reaped with the test that made it.
final class Child {
    let process: SpawnedProcess
    private var reason: ExitReason?

    var pid: ProcessID { process.pid }

    init(_ request: SpawnRequest) throws { process = try Spawner().spawn(request) }

    /// clock_nanosleep(2).
    #if arch(x86_64)
    private static let sleepCall: Int64 = 230
    #else
    private static let sleepCall: Int64 = 115
    #endif

    /// A process that does nothing, and has got as far as that: its loader has closed the libraries.
    static func sleeping(_ change: (inout SpawnRequest) -> Void = { _ in }) throws -> Child {
        var request = SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"])
        change(&request)
        let child = try Child(request)
        let outcome = try child.startup()
        let sleeps = waitUntil { ProcFS.blockedCalls(of: child.pid)?.first?.number == sleepCall }
        guard outcome == .running, sleeps else {
            throw SystemError("start", .invalidArgument, subject: "\(outcome)")
        }
        return child
    }

    static func shell(_ script: String, _ change: (inout SpawnRequest) -> Void = { _ in }) throws -> Child {
        var request = SpawnRequest(path: "/bin/sh", arguments: ["sh", "-c", script])
        request.environment["PATH"] = "/usr/bin:/bin"
        change(&request)
        return try Child(request)
    }

    deinit {
        if reason == nil {
            _ = try? process.pidfd.signal(.kill)
            _ = try? ended()
        }
    }

    /// What became of the start, as soon as it is known.
    func startup() throws -> StartupReport.Outcome {
        try waitFor {
            let outcome = try process.startup.read()
            return outcome == .pending ? nil : outcome
        } ?? .pending
    }

    /// How it ended, as soon as it has.
    func ended() throws -> ExitReason? {
        if reason == nil { reason = try waitFor { try process.pidfd.reap() } }
        return reason
    }

    func kill() throws { try process.pidfd.signal(.kill) }

    /// A field of proc_pid_status(5).
    func status(_ field: String) -> String? {
        guard let bytes = ProcFS.read(pid, "status", most: 8_192) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\(field):") }
        return line.map { $0.dropFirst(field.count + 1).trimmed }
    }

    /// A signal set of proc_pid_status(5).
    func signalSet(_ field: String) -> UInt64? { status(field).flatMap { UInt64($0, radix: 16) } }

    /// The descriptors that it has open.
    var descriptors: [Int32: String] { ProcFS.descriptorTargets(of: pid) ?? [:] }

    func link(_ name: String) -> String? { ProcFS.link("/proc/\(pid)/\(name)") }

    func text(_ file: String) -> String? {
        ProcFS.read(pid, file, most: 1 << 16).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Substring {
    /// Without the blanks around it.
    var trimmed: String {
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex
        return String(self[..<end].drop(while: \.isWhitespace))
    }
}

extension SpawnRequest {
    /// A changed copy.
    func with(_ change: (inout SpawnRequest) -> Void) -> SpawnRequest {
        var copy = self
        change(&copy)
        return copy
    }
}
