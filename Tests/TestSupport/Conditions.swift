internal import Glibc
package import Testing

/// What a test may need of the machine; where it is missing the test is skipped, by name and with the reason.
extension Trait where Self == ConditionTrait {
    package static var needsRoot: Self { .enabled("needs root") { geteuid() == 0 } }

    package static var needsOrdinaryUser: Self { .enabled("needs a user who is not root") { geteuid() != 0 } }

    /// Root in a container often has not all of its capabilities (capabilities(7)); 24 is CAP_SYS_RESOURCE.
    package static var needsResourceCapability: Self {
        .enabled("needs CAP_SYS_RESOURCE") {
            ProcessTable.status(getpid())["CapEff"].flatMap { UInt64($0, radix: 16) }.map { $0 & 1 << 24 != 0 } ?? false
        }
    }

    /// A release build has no fault points; its programs have no word of KOOMY_FAULT.
    package static var needsDebugBuild: Self {
        .enabled("needs koomyd of a debug build") {
            guard let path = try? Binaries.path("koomyd"), let program = Files.bytes(of: path) else { return false }
            return program.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return false }
                return memmem(start, bytes.count, "KOOMY_FAULT", 11) != nil
            }
        }
    }

    package static var needsNode: Self { .enabled("needs node") { Binaries.installed("node") != nil } }

    package static var needsGunicorn: Self { .enabled("needs gunicorn") { Binaries.installed("gunicorn") != nil } }

    package static var needsSystemdNotify: Self {
        .enabled("needs systemd-notify") { Binaries.installed("systemd-notify") != nil }
    }

    package static var needsSystemdAnalyze: Self {
        .enabled("needs systemd-analyze") { Binaries.installed("systemd-analyze") != nil }
    }

    /// `Tests/sdbox` boots a real systemd as PID 1 of namespaces of its own.
    package static var needsSystemdBox: Self {
        .enabled("needs root and systemd for Tests/sdbox") {
            geteuid() == 0 && Files.exists("/lib/systemd/systemd") && Binaries.installed("unshare") != nil
        }
    }
}

extension Trait where Self == ConditionTrait {
    private static func enabled(_ reason: Comment, if condition: @escaping @Sendable () -> Bool) -> Self {
        .enabled(if: condition(), reason)
    }
}
