import CKoomyLinux
import Glibc
import Testing

@testable import KoomyWorker

/// Each body runs in a process of its own: descriptors 3 and on, signals and the environment belong to the whole process.
struct WorkerTests {
    @Test func `listeners are taken over by name and kept from programs that are started`() async {
        await #expect(processExitsWith: .success) {
            let http = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
            let probe = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
            // The test library has descriptors of its own from 3 on.
            dup2(http.descriptor, 100)
            dup2(probe.descriptor, 101)
            let variables = [
                "LISTEN_FDS": "2", "LISTEN_PID": "42", "LISTEN_FDNAMES": "http:probe", "KOOMY_APP": "shop",
                "KOOMY_SLOT": "1", "KOOMY_GENERATION": "7",
            ]
            let worker = try Worker(environment: { variables[$0] }, processID: 42, firstDescriptor: 100)
            try #require(worker.listeners.map(\.name) == ["http"])
            try #require(worker.listeners.map(\.descriptor) == [100])
            try #require(worker.listeners(named: "http").count == 1)
            try #require(worker.probe?.descriptor == 101)
            try #require(worker.listeners.map(\.isInherited) == [true])
            let bound = try worker.listeners(orBind: .tcp(host: nil, port: 1))
            try #require(bound.map(\.descriptor) == [100])
            try #require(fcntl(100, F_GETFD) & FD_CLOEXEC != 0)
            try #require(fcntl(101, F_GETFD) & FD_CLOEXEC != 0)
            try #require(worker.app == "shop" && worker.slot == 1 && worker.generation == 7)
        }
    }

    @Test func `programs that are started do not see the hand-over`() async {
        await #expect(processExitsWith: .success) {
            let names = [
                "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
            ]
            for name in names { setenv(name, name == "NOTIFY_SOCKET" ? "/nowhere" : "0", 1) }
            let worker = try Worker()
            try #require(worker.notifier.socket == "/nowhere")
            for name in names { try #require(getenv(name) == nil) }
        }
    }

    @Test func `a descriptor that does not listen is refused`() async {
        await #expect(processExitsWith: .success) {
            func take() throws(WorkerError) -> [Listener] {
                let variables = ["LISTEN_FDS": "1", "LISTEN_PID": "42", "LISTEN_FDNAMES": "http"]
                return try InheritedListeners(environment: { variables[$0] }, processID: 42).take(from: 100)
            }
            let none = #expect(throws: WorkerError.self) { try take() }
            try #require(none?.code == EBADF)
            dup2(koomy_socket(AF_INET, Int32(SOCK_STREAM.rawValue)), 100)
            let idle = #expect(throws: WorkerError.self) { try take() }
            try #require(idle?.description == "cannot use as a listener descriptor 100 (http): Invalid argument")
            dup2(open("/dev/null", O_RDONLY), 100)
            let file = #expect(throws: WorkerError.self) { try take() }
            try #require(file?.code == ENOTSOCK)
        }
    }

    @Test func `without a supervisor it binds what it is told`() async {
        await #expect(processExitsWith: .success) {
            for name in ["LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "WATCHDOG_USEC"] { unsetenv(name) }
            let worker = try Worker()
            try #require(worker.listeners.isEmpty && worker.probe == nil && worker.watchdog == nil)
            try #require(!worker.ready())
            let listeners = try worker.listeners(orBind: .tcp(host: "127.0.0.1", port: 0))
            try #require(listeners.count == 1 && listeners.first?.isInherited == false)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal makes the descriptor readable, and it stays so`(signal: Int32) async {
        await #expect(processExitsWith: .success) { [signal] in
            let termination = try Termination()
            let again = try Termination()
            try #require(again == termination)
            try #require(!termination.isRequested && termination.signal == nil)
            try #require(!termination.wait(atMost: .milliseconds(20)))
            kill(getpid(), signal)
            termination.wait()
            try #require(termination.isRequested && termination.signal == signal)
            for _ in 0..<2 {
                var set = pollfd(fd: termination.descriptor, events: Int16(POLLIN), revents: 0)
                try #require(poll(&set, 1, 1_000) == 1)
            }
        }
    }

    @Test func `a program that is started can still be ended by TERM`() async {
        await #expect(processExitsWith: .success) {
            // The test's own thread blocks signals; a program's main thread does not.
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            _ = try Termination()
            var child = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
            try #require(posix_spawnp(&child, "sleep", nil, nil, &arguments, environ) == 0)
            // Between fork and exec the handler is still there; a signal then must not be taken for this process's own.
            var status: Int32 = 0
            while waitpid(child, &status, WNOHANG) == 0 {
                kill(child, SIGTERM)
                poll(nil, 0, 1)
            }
            try #require(status & 0x7F == SIGTERM)
            try #require(koomy_worker_termination_signal() == 0)
        }
    }
}
