import CKoomyLinux
import Glibc
import KoomyModel
import TestSupport

@testable import KoomySystem

/// Waits until something is so; false where it is not in time.
func waitUntil(_ limit: TimeSpan = .seconds(20), _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = MonotonicClock.now() + limit
    while try !condition() {
        guard MonotonicClock.now() < deadline else { return false }
        waitBriefly()
    }
    return true
}

/// Waits until there is a value; nil where there is none in time.
func waitFor<Value>(_ limit: TimeSpan = .seconds(20), _ value: () throws -> Value?) rethrows -> Value? {
    var found: Value?
    _ = try waitUntil(limit) {
        found = try value()
        return found != nil
    }
    return found
}

/// What this machine lets tests do; named in the conditions of those that need it.
enum Machine {
    static let isRoot = ThisProcess.isRoot
    static let hasPython = access("/usr/bin/python3", X_OK) == 0 || access("/root/.pyenv/shims/python3", X_OK) == 0
    static let canChooseProcessIDs = isRoot && access("/proc/sys/kernel/ns_last_pid", W_OK) == 0
    /// A delegated cgroup can be made: root, and cgroup v2.
    static let hasCgroups = isRoot && CgroupFS.mountPoint().map { access("\($0)/cgroup.procs", W_OK) == 0 } == true

    static let mayExceedLimits = ThisProcess.isRoot && effectiveCapabilities & (1 << 24) != 0

    private static var effectiveCapabilities: UInt64 { statusField("CapEff") ?? 0 }

    /// The open descriptors of this process but those that the runtime of the tests opens when it likes.
    static var openDescriptors: [Int32: String] {
        let all = ProcFS.descriptorTargets(of: ThisProcess.id) ?? [:]
        return all.filter { !["eventfd", "timerfd", "eventpoll"].contains($0.value.dropFirst(12).dropLast()) }
    }

    /// The signals that this thread blocks, one bit each.
    static var blockedSignals: UInt64? { statusField("SigBlk") }

    private static func statusField(_ name: String) -> UInt64? {
        guard let bytes = ProcFS.read("/proc/thread-self/status", most: 8_192) else { return nil }
        var lines = ByteCursor(bytes)
        var words = lines.nextLine(after: "\(name):")
        return words?.nextNumber(radix: 16)
    }

    /// Sets a soft limit of this process.
    static func setLimit(_ resource: ResourceLimit.Resource, soft: UInt64) throws(SystemError) {
        var limit = koomy_limit()
        try check(koomy_get_limit(resource.kernelNumber, &limit), "getrlimit")
        limit.soft = soft
        try check(koomy_set_limit(&limit), "setrlimit")
    }
}

/// The error of a call that is expected to fail; nil where it did not.
func systemError(_ body: () throws(SystemError) -> Void) -> SystemError? {
    do throws(SystemError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// Why a process was not made; nil where it was, and then it is killed.
func startFailure(_ spawner: borrowing Spawner, _ request: SpawnRequest) -> StartFailure? {
    do throws(StartFailure) {
        let process = try spawner.spawn(request)
        _ = try? process.pidfd.signal(.kill)
        _ = waitFor { try? process.pidfd.reap() }
        return nil
    } catch {
        return error
    }
}

/// The next connection of a listener; nil where none comes on a nonblocking one.
func accepted(by listener: Int32) throws(SystemError) -> SharedDescriptor? {
    guard let connection = try StreamSocket.accept(from: listener) else { return nil }
    return SharedDescriptor(connection)
}
