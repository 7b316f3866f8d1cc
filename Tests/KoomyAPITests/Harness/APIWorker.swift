import Glibc
import KoomyWorker

@testable import koomy_api

/// A koomy-api under test: on a listener of the test, ready.
final class APIWorker {
    let child: Child
    let notify: NotifySocket
    let port: UInt16

    init(
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        on listening: Listening,
        probe: Listening? = nil,
        folder: ScratchFolder,
        name: String = "api",
        waitsUntilReady: Bool = true
    ) throws {
        notify = try NotifySocket(folder, name: "\(name).notify")
        port = listening.port
        var listeners = [(listening.socket, "http")]
        if let probe { listeners.append((probe.socket, "probe")) }
        child = try Child(
            try Child.product("koomy-api"),
            arguments,
            environment: ["NOTIFY_SOCKET": notify.path].merging(environment) { $1 },
            listeners: listeners,
            folder: folder,
            name: name
        )
        if waitsUntilReady { try notify.wait(for: "READY=1") }
    }

    /// The lines of its log, each parsed.
    func log() -> [JSON] {
        contents(of: child.output).split(separator: "\n").compactMap { JSONParser.parse(Array($0.utf8)) }
    }

    /// Waits until this many requests wait for something inside the worker.
    func waitUntilWaiting(_ count: Int) throws {
        _ = try eventually("\(count) requests that wait") {
            try get(port, "/api/ready/verbose").json["process"]?["requestsWaiting"] == .integer(count) ? true : nil
        }
    }

    /// Waits for a line of the log.
    func waitForLog(_ what: String, _ matches: (JSON) -> Bool) throws -> JSON {
        try eventually(what) { log().first(where: matches) }
    }
}
