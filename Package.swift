// swift-tools-version: 6.3
import PackageDescription

/// Settings of every Swift target.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Settings of the targets that live on the one thread of the event loop.
let onTheLoop: [SwiftSetting] = strict + [.defaultIsolation(MainActor.self)]

/// A Debian package that holds a C library, and its module map under Sources.
func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

// Arrows point up this list only: a target depends on targets named above it.
// `scripts/lint` and `--explicit-target-dependency-import-check error` keep it so.
let package = Package(
    name: "koomy",
    products: [
        .executable(name: "koomyd", targets: ["koomyd"]),
        .executable(name: "koomyctl", targets: ["koomyctl"]),
        .executable(name: "koomy-api", targets: ["koomy-api"]),
        .library(name: "KoomyWorker", targets: ["KoomyWorker"]),
        .library(name: "KoomyClient", targets: ["KoomyClient"]),
    ],
    targets: [
        systemLibrary("CSystemd", pkgConfig: "libsystemd", apt: "libsystemd-dev"),
        systemLibrary("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        systemLibrary("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        // A debug build of koomyd can be made to fail or die at each of its effects (fault.h).
        .target(name: "CKoomyLinux", cSettings: [.define("KOOMY_FAULTS", .when(configuration: .debug))]),

        .target(name: "KoomyModel", swiftSettings: strict),
        .target(name: "KoomyCore", dependencies: ["KoomyModel"], swiftSettings: strict),
        .target(name: "KoomyConfig", dependencies: ["KoomyModel", "CYAML"], swiftSettings: strict),
        .target(name: "KoomyWire", dependencies: ["KoomyModel"], swiftSettings: strict),
        .target(name: "KoomySystem", dependencies: ["KoomyModel", "CKoomyLinux"], swiftSettings: strict),
        .target(
            name: "KoomyEventLoop",
            dependencies: ["KoomyModel", "KoomySystem", "CSystemd"],
            swiftSettings: onTheLoop
        ),
        .target(
            name: "KoomySupervisor",
            dependencies: [
                "KoomyModel", "KoomyCore", "KoomyConfig", "KoomyWire", "KoomySystem", "KoomyEventLoop",
                "CSystemd", "CMicrohttpd",
            ],
            swiftSettings: onTheLoop
        ),
        .target(name: "KoomyWorker", dependencies: ["CKoomyLinux"], swiftSettings: strict),
        .target(name: "KoomyClient", dependencies: ["KoomyModel", "KoomyWire", "KoomySystem"], swiftSettings: strict),

        .executableTarget(
            name: "koomyd",
            dependencies: ["KoomyModel", "KoomySystem", "KoomySupervisor"],
            swiftSettings: onTheLoop
        ),
        .executableTarget(
            name: "koomyctl",
            dependencies: ["KoomyModel", "KoomyConfig", "KoomyWire", "KoomySystem", "KoomyClient"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "koomy-api",
            dependencies: ["KoomyWorker", "CKoomyLinux", "CMicrohttpd", "CSQLite"],
            swiftSettings: strict
        ),

        // The load generator of the tests and of the quickstart; not a product.
        .executableTarget(name: "loadgen", path: "Tests/loadgen", linkerSettings: [.linkedLibrary("m")]),
        // Times restarts and commands for scripts/measure; not a product either.
        .executableTarget(name: "stopwatch", path: "Tests/stopwatch"),
        // Writes and checks the lines that scripts/bench measures loggers with.
        .executableTarget(name: "logwriter", path: "Tests/logwriter"),
        // The log pumps of koomyd alone, for tests that kill them.
        .executableTarget(
            name: "logpump",
            dependencies: ["KoomyModel", "KoomySystem", "KoomyEventLoop", "KoomySupervisor"],
            path: "Tests/logpump",
            swiftSettings: onTheLoop
        ),

        .target(
            name: "TestSupport",
            dependencies: ["KoomyModel", "KoomySystem"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        // Answers in the place of koomyd, well or badly, for the tests of its clients.
        .target(
            name: "ScriptedDaemon",
            dependencies: ["KoomyModel", "KoomyWire", "KoomySystem"],
            path: "Tests/ScriptedDaemon",
            swiftSettings: strict
        ),
        .testTarget(name: "KoomyModelTests", dependencies: ["KoomyModel"], swiftSettings: strict),
        .testTarget(
            name: "KoomyCoreTests",
            dependencies: ["KoomyModel", "KoomyCore"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyConfigTests",
            dependencies: ["KoomyModel", "KoomyConfig", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyWireTests",
            dependencies: ["KoomyModel", "KoomyWire", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomySystemTests",
            dependencies: ["KoomyModel", "KoomySystem", "CKoomyLinux", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyEventLoopTests",
            dependencies: ["KoomyModel", "KoomySystem", "KoomyEventLoop", "TestSupport"],
            swiftSettings: onTheLoop
        ),
        .testTarget(
            name: "KoomySupervisorTests",
            dependencies: [
                "KoomyModel", "KoomyCore", "KoomyWire", "KoomySystem", "KoomyEventLoop", "KoomySupervisor",
                // It reads back the times that koomyd writes.
                "koomyctl", "TestSupport",
            ],
            swiftSettings: onTheLoop
        ),
        // The worker that docs/worker-contract.md shows; its text there and here is compared by a test.
        .executableTarget(
            name: "worker-example",
            dependencies: ["KoomyWorker"],
            path: "Tests/worker-example",
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyWorkerTests",
            dependencies: ["KoomyWorker", "CKoomyLinux", "worker-example", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyAPITests",
            dependencies: [
                "koomy-api", "KoomyWorker", "CKoomyLinux", "CSQLite", "worker-example", "loadgen", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyClientTests",
            dependencies: [
                "KoomyModel", "KoomyWire", "KoomySystem", "KoomyClient", "ScriptedDaemon", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KoomyCtlTests",
            dependencies: [
                "koomyctl", "KoomyModel", "KoomyConfig", "KoomyWire", "KoomySystem", "KoomyClient", "ScriptedDaemon",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["KoomyModel", "KoomyWire", "KoomySystem", "KoomyClient", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
    ]
)
