import TestSupport

/// Something that koomyd is asked to do, or that happens to it, while faults strike.
struct FaultStory: Sendable {
    /// What it begins with.
    enum Beginning: Sendable {
        /// koomyctl is called with these words; FILE stands for the ecosystem file of the story.
        case command([String])
        /// The first worker of this app is killed.
        case crash(String)
        /// koomyd was killed, and the next one comes back: faults strike that one.
        case comeback
    }

    /// Apps and what is to be seen of them.
    struct Picture: Hashable, Sendable {
        /// How many workers are ready by the names of apps; 0 is an app that is stopped.
        var ready: [String: Int]
        /// The version that answers on the listener of `web`.
        var label = "v1"
    }

    var name: String
    var beginning: Beginning
    var before: Picture
    var after: Picture
    /// The exit code of koomyctl when nothing is in the way.
    var code: Int32 = 0
    /// Exit codes that tell the truth, too, when koomyd died meanwhile.
    var codesAfterDeath: Set<Int32> = []
    /// The ecosystem file is this one when it begins.
    var file: Ecosystem.Faulted
    /// Apps whose workers are to be the same afterwards, all of them.
    var untouched: [String]
    /// Apps whose workers before and after are to be a part of each other.
    var resized: [String] = []
    /// Of an app, as many as this are to be the same.
    var kept: [String: Int] = [:]
    /// koomyd ends by it.
    var endsDaemon = false
    /// What is not counted: what workers say, and looks at processes.
    var spared = ["-out.log", "pipe:", "/proc/"]
    /// Roughly how many effects it has, for a sample.
    var effects: Int
}

extension FaultStory {
    private static let usual = Picture(ready: ["web": 2, "lines": 1])
    private static let withExtra = Picture(ready: ["web": 2, "lines": 1, "extra": 1])

    static let all = [
        FaultStory(
            name: "start",
            beginning: .command(["start", "FILE"]),
            before: usual,
            after: withExtra,
            file: .init(extra: true),
            untouched: ["web", "lines"],
            effects: 40
        ),
        FaultStory(
            name: "reload",
            beginning: .command(["reload", "FILE"]),
            before: usual,
            after: Picture(ready: usual.ready, label: "v2"),
            file: .init(label: "v2"),
            untouched: [],
            effects: 140
        ),
        FaultStory(
            name: "reload-bad",
            beginning: .command(["reload", "FILE"]),
            before: usual,
            after: usual,
            code: 4,
            file: .init(label: "v2", isBroken: true),
            untouched: ["web"],
            effects: 60
        ),
        FaultStory(
            name: "scale-up",
            beginning: .command(["scale", "web", "3"]),
            before: usual,
            after: Picture(ready: ["web": 3, "lines": 1]),
            file: .init(),
            untouched: ["lines"],
            resized: ["web"],
            effects: 40
        ),
        FaultStory(
            name: "scale-down",
            beginning: .command(["scale", "web", "1"]),
            before: usual,
            after: Picture(ready: ["web": 1, "lines": 1]),
            file: .init(),
            untouched: ["lines"],
            resized: ["web"],
            effects: 40
        ),
        FaultStory(
            name: "stop",
            beginning: .command(["stop", "extra"]),
            before: withExtra,
            after: Picture(ready: ["web": 2, "lines": 1, "extra": 0]),
            file: .init(extra: true),
            untouched: ["web", "lines"],
            effects: 40
        ),
        FaultStory(
            name: "recycle",
            beginning: .command(["reload", "web:0"]),
            before: usual,
            after: usual,
            file: .init(),
            untouched: ["lines"],
            kept: ["web": 1],
            effects: 60
        ),
        FaultStory(
            name: "delete",
            beginning: .command(["delete", "extra"]),
            before: withExtra,
            after: usual,
            file: .init(extra: true),
            untouched: ["web", "lines"],
            effects: 50
        ),
        FaultStory(
            name: "shutdown",
            beginning: .command(["daemon", "stop"]),
            before: usual,
            after: usual,
            // koomyd came back before it had left.
            codesAfterDeath: [9],
            file: .init(),
            untouched: [],
            endsDaemon: true,
            effects: 60
        ),
        FaultStory(
            name: "upgrade",
            beginning: .command(["daemon", "upgrade"]),
            before: usual,
            after: usual,
            file: .init(),
            untouched: ["web", "lines"],
            effects: 40
        ),
        FaultStory(
            name: "crash",
            beginning: .crash("extra"),
            before: withExtra,
            after: withExtra,
            file: .init(extra: true),
            untouched: ["web", "lines"],
            effects: 30
        ),
        FaultStory(
            name: "lines",
            beginning: .crash("lines"),
            before: usual,
            after: usual,
            file: .init(),
            untouched: ["web"],
            spared: ["/proc/", "web-out.log"],
            effects: 60
        ),
        FaultStory(
            name: "comeback",
            beginning: .comeback,
            before: usual,
            after: usual,
            file: .init(),
            untouched: ["web", "lines"],
            effects: 40
        ),
    ]

    /// What there is when the story begins: apps that only its end has are not started yet.
    var firstFile: Ecosystem.Faulted { .init(extra: before.ready["extra"] != nil) }
}

extension Ecosystem {
    /// The apps of the stories: a server under load, a worker that says numbered lines, and a server to be moved about.
    struct Faulted: Hashable, Sendable {
        var label = "v1"
        var isBroken = false
        var extra = false

        /// `counts` is the folder in which the workers of `lines` count.
        func text(counts: String, pause: Double = 0.005) throws -> String {
            let web = try Ecosystem.api(
                name: "web",
                arguments: isBroken ? ["--no-such-option"] : ["--version-label", label],
                "healthy_time: 50ms"
            )
            let lines = Ecosystem.worker(
                name: "lines",
                arguments: [counts, "\(pause)"],
                script: Fixture.path("lines.py"),
                "ready: notify",
                "healthy_time: 50ms",
                #"interpreter_args: ["-S", "-E"]"#,
                "env: {LABEL: \(label)}"
            )
            let more = try extra ? [Ecosystem.api(name: "extra", instances: 1, "healthy_time: 50ms")] : []
            return "apps:\n" + ([web, lines] + more).joined()
        }
    }
}
