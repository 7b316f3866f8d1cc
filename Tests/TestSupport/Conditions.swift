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

    /// A release build has no fault points, and notes nothing where it is told to.
    package static var needsDebugBuild: Self {
        .enabled("needs koomyd of a debug build") {
            let isNoted = try? Workspace.with { workspace in
                let environment = baseEnvironment().merging(["KOOMY_FAULT": "count:,log:\(workspace("log"))"]) { $1 }
                _ = try Command.run([Binaries.path("koomyd"), "--version"], environment: environment)
                return Files.exists(workspace("log"))
            }
            return isNoted == true
        }
    }

    package static var needsNode: Self { .enabled("needs node") { Binaries.installed("node") != nil } }

    package static var needsStrace: Self { .enabled("needs strace") { Binaries.installed("strace") != nil } }

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
