import CKoomyLinux
import Glibc
import Testing

@testable import KoomyWorker

@Suite(.serialized)
struct NotifierTests {
    /// A datagram socket that a supervisor would read.
    private final class Receiver {
        let socket: Int32
        let path: String

        init(abstract: Bool) throws {
            path = "\(abstract ? "@" : "/tmp/")koomy-notify-\(getpid())-\(MonotonicTime.now().nanoseconds)"
            socket = koomy_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
            var address = koomy_address()
            #expect(koomy_address_unix(path, &address) >= 0)
            if abstract {
                // The name begins with a zero byte, and ends where the address ends (unix(7)).
                withUnsafeMutableBytes(of: &address.storage) { $0[2] = 0 }
                address.length = socklen_t(2 + path.utf8.count)
            }
            try #require(koomy_bind(socket, &address) >= 0)
        }

        deinit {
            unlink(path)
            _ = koomy_close(socket)
        }

        func next() -> String? {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = koomy_worker_receive(socket, &buffer, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    @Test(arguments: [false, true])
    func `each message has the words of sd_notify`(abstract: Bool) throws {
        let receiver = try Receiver(abstract: abstract)
        let notifier = Notifier(socket: receiver.path)
        #expect(notifier.ready())
        #expect(receiver.next() == "READY=1")
        #expect(notifier.ready(status: "3 rooms"))
        #expect(receiver.next() == "READY=1\nSTATUS=3 rooms")
        #expect(notifier.status("busy"))
        #expect(receiver.next() == "STATUS=busy")
        #expect(notifier.stopping())
        #expect(receiver.next() == "STOPPING=1")
        #expect(notifier.extendTimeout(by: .milliseconds(1_500)))
        #expect(receiver.next() == "EXTEND_TIMEOUT_USEC=1500000")
        #expect(notifier.watchdogPing())
        #expect(receiver.next() == "WATCHDOG=1")
        #expect(receiver.next() == nil)
    }

    @Test func `a status cannot smuggle another assignment in`() throws {
        let receiver = try Receiver(abstract: false)
        Notifier(socket: receiver.path).status("a\nREADY=1\r\nb")
        #expect(receiver.next() == "STATUS=a READY=1 b")
    }

    @Test(arguments: [nil, "", "relative", "/", "/nobody/is/here", "/\(String(repeating: "x", count: 200))"])
    func `where nobody listens nothing happens`(socket: String?) {
        #expect(!Notifier(socket: socket).ready())
    }

    @Test func `a supervisor that does not read never blocks a ping`() throws {
        let receiver = try Receiver(abstract: false)
        let notifier = Notifier(socket: receiver.path)
        let begin = MonotonicTime.now()
        var refused = 0
        for _ in 0..<2_000 where !notifier.watchdogPing() { refused += 1 }
        #expect(refused > 0)
        #expect(MonotonicTime.now() - begin < .seconds(4))
    }

    @Test func `a watchdog is for the process that it names`() {
        func watchdog(_ variables: [String: String]) -> Watchdog? {
            Watchdog(environment: { variables[$0] }, processID: 42, notifier: Notifier(socket: nil))
        }
        #expect(watchdog([:]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "0"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "x"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "41"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "3000000"])?.limit == .seconds(3))
        #expect(watchdog(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "42"])?.interval == .seconds(1))
    }
}
