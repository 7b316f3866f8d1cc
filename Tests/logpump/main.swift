import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySupervisor
import KoomySystem

// logpump [--stamped] FOLDER DESCRIPTOR…
//
// Carries pipes to `FOLDER/app-out.log` as koomyd does, each as the output of a worker of one app, until nobody can
// write to them any more. The tests kill it and start it again; a benchmark measures it.

/// `2026-01-31 23:59:59.123`.
let dateFormat = LogDateFormat(
    text: "YYYY-MM-DD HH:mm:ss.SSS",
    tokens: [
        .year, .literal("-"), .month, .literal("-"), .day, .literal(" "), .hour, .literal(":"), .minute, .literal(":"),
        .second, .literal("."), .millisecond,
    ]
)

func leave(_ words: String) -> Never {
    StandardStream.error.write(Array("logpump: \(words)\n".utf8))
    exit(1)
}

var arguments = CommandLine.arguments.dropFirst()
let isStamped = arguments.first == "--stamped"
if isStamped { arguments.removeFirst() }
guard let folder = arguments.popFirst(), let app = AppName("app") else { leave("it needs a folder") }
let descriptors = arguments.compactMap { Int32($0) }

do throws(SystemError) {
    let loop = try EventLoop()
    let table = LogTable(loop: loop, folder: folder, isForeground: false)
    var spec = AppSpec(name: app, command: Command(script: "/bin/true"), workingDirectory: "/")
    if isStamped { spec.logs.format = .stamped(dateFormat) }
    for (slot, number) in descriptors.enumerated() {
        let id = WorkerID(app: app, serial: UInt64(slot + 1))
        try table.attach(FileDescriptor(owning: number), .out, of: id, slot: slot, spec)
    }
    // An attached pipe holds the loop; the last one that ends leaves it with nothing to wait for.
    while table.carries { try loop.runOnce(waitingAtMost: .seconds(1)) }
} catch {
    leave("\(error)")
}
