import Glibc
import KoomyWorker
import Testing

/// The recipes of docs/worker-contract.md, as they stand there, replaced under load.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct RecipeTests {
    struct Recipe: Sendable, CustomTestStringConvertible {
        var file: String
        var command: [String]
        /// Whether it says `READY=1`; else its output is waited for.
        var notifies: Bool
        /// Run once in the folder before anything is started.
        var preparation: String?

        var testDescription: String { file }
    }

    static let node = Recipe(file: "server.mjs", command: ["node", "server.mjs"], notifies: false)
    static let gunicorn = Recipe(
        file: "app.py",
        command: ["gunicorn", "--preload", "--workers", "2", "--graceful-timeout", "8", "app:app"],
        notifies: true
    )
    static let go = Recipe(
        file: "server.go",
        command: ["./server"],
        notifies: true,
        preparation:
            "GO111MODULE=off GOCACHE=$PWD/cache GOPATH=$PWD/path go build -o server server.go && rm -rf cache path"
    )

    static func isInstalled(_ program: String) -> Bool {
        ["/usr/bin", "/usr/local/bin", "/bin"].contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    @Test(.enabled(if: isInstalled("node"), "node is not installed"), arguments: [[], ["-k"]])
    func `the recipe for Node loses nothing`(style: [String]) throws { try replace(Self.node, style) }

    @Test(.enabled(if: isInstalled("gunicorn"), "gunicorn is not installed"), arguments: [[], ["-k"]])
    func `the recipe for gunicorn loses nothing`(style: [String]) throws { try replace(Self.gunicorn, style) }

    @Test(.enabled(if: isInstalled("go"), "go is not installed"), arguments: [[], ["-k"]])
    func `the recipe for Go loses nothing`(style: [String]) throws { try replace(Self.go, style) }

    /// Two workers, each replaced in turn while requests come.
    private func replace(_ recipe: Recipe, _ style: [String]) throws {
        let folder = try ScratchFolder()
        try write(recipe, to: folder)
        if let preparation = recipe.preparation {
            let builder = try Child(
                "/bin/sh",
                ["-c", "cd \(folder.path) && \(preparation)"],
                folder: folder,
                name: "prepare"
            )
            #expect(try builder.waitForEnd(within: .seconds(120)) == .exited(0), "\(contents(of: builder.errors))")
        }
        let listening = try Listening()
        var starts = 0
        func start() throws -> Child {
            starts += 1
            let notify = try NotifySocket(folder, name: "notify.\(starts)")
            let child = try Child(
                "/bin/sh",
                ["-c", "cd \(folder.path) && exec \"$@\"", "sh"] + recipe.command,
                environment: ["NOTIFY_SOCKET": notify.path],
                listeners: [(listening.socket, "http")],
                folder: folder,
                name: "worker.\(starts)"
            )
            if recipe.notifies {
                try notify.wait(for: "READY=1")
            } else {
                _ = try eventually("listening") { contents(of: child.output).contains("listening") ? true : nil }
            }
            return child
        }
        var workers = [try start(), try start()]
        let load = try Load(["-r", "300", "-P", "-d", "6"] + style + ["\(listening.url)/hello"], folder: folder)
        var replaced = 0
        while load.isRunning, replaced < 5 {
            workers.append(try start())
            #expect(try workers.removeFirst().terminate() == .exited(0))
            replaced += 1
        }
        let counts = try load.finish(within: .seconds(60))
        print("\(recipe.file) \(style): \(counts.ok) ok, \(counts.failed) failed, \(replaced) replacements")
        #expect(counts.failed == 0, "\(counts.failures)")
        #expect(counts.ok > 1_500)
        #expect(replaced >= 2)
        for worker in workers { #expect(try worker.terminate() == .exited(0)) }
    }

    /// The block of the document behind `<!-- file: NAME -->`.
    private func write(_ recipe: Recipe, to folder: ScratchFolder, here: String = #filePath) throws {
        let root = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let lines = contents(of: "\(root)/docs/worker-contract.md").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        let marker = try #require(lines.firstIndex(of: "<!-- file: \(recipe.file) -->"))
        let code = lines[(marker + 2)...].prefix { $0 != "```" }.joined(separator: "\n") + "\n"
        let file = try #require(fopen(folder.file(recipe.file), "w"))
        fputs(code, file)
        fclose(file)
    }
}
