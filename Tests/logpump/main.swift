import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySupervisor
import KoomySystem

// logpump [--stamped | --json] [--both] FOLDER DESCRIPTOR…
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
var format = LogFormat.raw
var hasBoth = false
while let option = arguments.first, option.hasPrefix("--") {
    switch option {
    case "--stamped": format = .stamped(dateFormat)
    case "--json": format = .json
    // A second file that gets the same lines.
    case "--both": hasBoth = true
    default: leave("unknown: \(option)")
    }
    arguments.removeFirst()
}
guard let folder = arguments.popFirst(), let app = AppName("app") else { leave("it needs a folder") }
let descriptors = arguments.compactMap { Int32($0) }

do throws(SystemError) {
    let loop = try EventLoop()
    let table = LogTable(loop: loop, folder: folder, receiptPath: "\(folder)/receipt")
    var spec = AppSpec(name: app, command: Command(script: "/bin/true"), workingDirectory: "/")
    spec.logs.format = format
    if hasBoth { spec.logs.combinedFile = "\(folder)/both.log" }
    spec.logs.rotation = nil
    for (slot, number) in descriptors.enumerated() {
        let id = WorkerID(app: app, serial: UInt64(slot + 1))
        let source = LogTable.Source(id: id, slot: slot, generation: Generation(1), stream: .out)
        try table.attach(LogPipe(FileDescriptor(owning: number)), of: source, spec)
    }
    table.resume()
    // An attached pipe holds the loop; the last one that ends leaves it with nothing to wait for.
    while table.carries { try loop.runOnce(waitingAtMost: .seconds(1)) }
} catch {
    leave("\(error)")
}
