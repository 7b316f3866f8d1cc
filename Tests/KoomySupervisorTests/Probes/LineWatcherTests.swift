import Testing

@testable import KoomySupervisor

struct LineWatcherTests {
    private func fires(_ kind: LineReceiver.Kind, _ pieces: [String]) -> Bool {
        var watcher = LineWatcher(kind)
        return pieces.contains { watcher.feed(Array($0.utf8)) }
    }

    @Test func `any newline will do where one is asked for`() {
        #expect(fires(.newline, ["\n"]))
        #expect(fires(.newline, ["starting…", "done\n"]))
        #expect(!fires(.newline, ["ready", "", "ready"]))
    }

    @Test(arguments: ["\"ready\"\n", " \"ready\" \r\n", "{\"type\":\"log\"}\n\"ready\"\n", "\n\n\"ready\"\n"])
    func `node's ready is found whatever pieces it comes in`(_ text: String) {
        #expect(fires(.ipcReady, [text]))
        #expect(fires(.ipcReady, text.map(String.init)))
    }

    @Test(arguments: [
        "\"ready\"", "ready\n", "\"ready\"x\n", "{\"ready\":1}\n", "\"already\"\n", "\"\"\n", "\"ready\" \"ready\"\n",
        "[\"ready\"]\n", "\u{0}\"ready\"\n",
    ])
    func `nothing else is taken for it`(_ text: String) { #expect(!fires(.ipcReady, [text])) }

    @Test func `the end of a long line is not a line`() {
        for length in [24, 25, 31, 32, 33, 64, 4_096, 100_000] {
            let padding = String(repeating: " ", count: length) + "x"
            #expect(!fires(.ipcReady, [padding, "\"ready\"\n"]), "\(length)")
            #expect(fires(.ipcReady, [padding, "\n", "\"ready\"\n"]), "\(length)")
        }
    }
}
