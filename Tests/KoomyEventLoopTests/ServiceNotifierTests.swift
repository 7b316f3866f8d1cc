import Glibc
import KoomyEventLoop
import KoomyModel
import KoomySystem
import Testing

// The variables of systemd belong to the whole process, so each test has one of its own.
@Suite("Talking to systemd", .serialized, .timeLimit(.minutes(1)))
struct ServiceNotifierTests {
    @Test
    func `without systemd nothing is sent`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            unsetenv("NOTIFY_SOCKET")
            let sent = try ServiceNotifier().send(.ready)
            #expect(sent == false)
        }
    }

    @Test
    func `messages arrive as systemd reads them`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let path = "/tmp/koomy-notify-\(ThisProcess.id)"
            let socket = try DatagramSocket(path: path)
            setenv("NOTIFY_SOCKET", path, 1)
            let notifier = ServiceNotifier()
            func received() throws -> String { String(decoding: try socket.receive()?.bytes ?? [], as: UTF8.self) }

            #expect(try notifier.send(.ready, .status("2 of 2 ready\nREADY=0")))
            #expect(try received() == "READY=1\nSTATUS=2 of 2 ready READY=0")
            let before = MonotonicClock.now().nanoseconds / 1_000
            try notifier.send(.reloading)
            let lines = try received().split(separator: "\n")
            #expect(lines.first == "RELOADING=1")
            let microseconds = lines.last?.split(separator: "=").last.flatMap { Int64($0) } ?? 0
            #expect((before...(before + 10_000_000)).contains(microseconds))
            try notifier.send(.stopping, .extendTimeout(.seconds(5)), .watchdog)
            #expect(try received() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=5000000\nWATCHDOG=1")
            try notifier.send(.mainProcess(42), .raw("X_KOOMY=1"))
            #expect(try received() == "MAINPID=42\nX_KOOMY=1")
            socket.removeFile()
        }
    }

    @Test
    func `descriptors are stored together under one name`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let path = "/tmp/koomy-notify-\(ThisProcess.id)"
            let socket = try DatagramSocket(path: path)
            setenv("NOTIFY_SOCKET", path, 1)
            let notifier = ServiceNotifier()
            func received() throws -> String { String(decoding: try socket.receive()?.bytes ?? [], as: UTF8.self) }

            let pipe = try Pipe()
            #expect(try notifier.store([pipe.readEnd.number, pipe.writeEnd.number], name: "worker.api.7"))
            // On their way they keep the pipe open.
            try pipe.readEnd.setNonblocking(true)
            let readEnd = pipe.takeReadEnd()
            #expect(try readEnd.read(most: 1) == nil)
            #expect(try received() == "FDSTORE=1\nFDPOLL=0\nFDNAME=worker.api.7")
            #expect(try readEnd.read(most: 1) == [])
            #expect(try notifier.removeStored(name: "worker.api.7"))
            #expect(try received() == "FDSTOREREMOVE=1\nFDNAME=worker.api.7")
            socket.removeFile()
        }
    }

    @Test(arguments: [
        "", "api:http", "two\nlines", "tab\t", "\u{7F}", "naïve", String(repeating: "n", count: 256),
    ])
    func `a name that systemd would not take is refused`(name: String) {
        #expect(!ServiceNotifier.isDescriptorName(name))
        #expect(throws: SystemError.self) { try ServiceNotifier().store([0], name: name) }
        #expect(throws: SystemError.self) { try ServiceNotifier().removeStored(name: name) }
    }

    @Test
    func `a systemd that is slow is not waited for`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let path = "/tmp/koomy-notify-\(ThisProcess.id)"
            let socket = try DatagramSocket(path: path)
            setenv("NOTIFY_SOCKET", path, 1)
            var failure: SystemError?
            for _ in 0..<10_000 where failure == nil {
                do throws(SystemError) {
                    try ServiceNotifier().store([0], name: "x")
                } catch {
                    failure = error
                }
            }
            #expect(failure?.errno == .wouldBlock)
            socket.removeFile()
        }
    }

    @Test
    func `the loop feeds the watchdog by itself`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let path = "/tmp/koomy-notify-\(ThisProcess.id)"
            let socket = try DatagramSocket(path: path)
            setenv("NOTIFY_SOCKET", path, 1)
            setenv("WATCHDOG_USEC", "20000", 1)
            setenv("WATCHDOG_PID", "\(ThisProcess.id)", 1)
            let loop = try EventLoop()
            #expect(try loop.enableWatchdog())
            var pings = 0
            let source = try loop.io(socket.descriptor.number) { _ in
                while let message = try? socket.receive() {
                    if message.bytes.elementsEqual("WATCHDOG=1".utf8) { pings += 1 }
                }
            }
            #expect(try loop.run { pings >= 3 })
            source.disable()
            socket.removeFile()
        }
    }

    @Test
    func `descriptors from systemd come with their names, once`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            let first = try ListeningSocket.openPrivate()
            let second = try Pipe()
            // The numbers 3 and 4 are the runtime's; they are taken over, as in a fresh process.
            dup2(first.descriptor.number, 3)
            dup2(second.writeEnd.number, 4)
            setenv("LISTEN_FDS", "2", 1)
            setenv("LISTEN_PID", "\(ThisProcess.id)", 1)
            setenv("LISTEN_FDNAMES", "http:stored", 1)
            let passed = try PassedDescriptors.take()
            #expect(passed.map(\.name) == ["http", "stored"])
            #expect(passed.map(\.descriptor.number) == [3, 4])
            #expect(passed.allSatisfy { fcntl($0.descriptor.number, F_GETFD) == FD_CLOEXEC })
            let again = try PassedDescriptors.take()
            #expect(again.isEmpty)
            let adopted = try ListeningSocket.adopt(try passed[0].descriptor.descriptor.duplicate())
            #expect(adopted.address == first.address)
        }
    }

    @Test
    func `descriptors meant for another process are left alone`() async {
        await #expect(processExitsWith: .success) { @MainActor in
            setenv("LISTEN_FDS", "1", 1)
            setenv("LISTEN_PID", "1", 1)
            let passed = try PassedDescriptors.take()
            #expect(passed.isEmpty)
        }
    }
}
