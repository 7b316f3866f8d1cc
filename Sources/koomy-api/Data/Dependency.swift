import CKoomyLinux
import Glibc
import KoomyWorker

/// What a check found.
enum CheckResult: Hashable, Sendable {
    case up
    case down(String)
    /// It did not end in its time.
    case timedOut

    var word: String {
        switch self {
        case .up: "up"
        case .down: "down"
        case .timedOut: "timeout"
        }
    }
}

/// Something that this service needs, and how one sees whether it is there.
struct Dependency: Sendable {
    /// What is looked at.
    enum Kind: Sendable {
        /// The database answers.
        case database(WebhookStore)
        /// The file system of this folder has at least so many bytes free.
        case disk(folder: String, minimumFree: UInt64)
        /// Something accepts connections there.
        case tcp(host: String, port: String)
    }

    var name: String
    var isCritical: Bool
    var kind: Kind

    /// Looks; takes about `timeout` at most, unless the kernel itself hangs.
    func check(timeout: Duration) -> CheckResult {
        switch kind {
        case .database(let store):
            do throws(StoreProblem) {
                try store.check()
                return .up
            } catch {
                return .down(error.description)
            }
        case .disk(let folder, let minimumFree):
            var status = statvfs()
            guard statvfs(folder, &status) == 0 else { return .down("\(folder) cannot be read") }
            let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
            return free >= minimumFree ? .up : .down("\(free) bytes free, fewer than \(minimumFree)")
        case .tcp(let host, let port):
            switch koomy_worker_try_connect(host, port, Int32(timeout / .milliseconds(1))) {
            case 0: return .up
            case -ETIMEDOUT: return .timedOut
            case let code: return .down(strerror(-code).map { String(cString: $0) } ?? "error \(-code)")
            }
        }
    }
}

extension Dependency {
    /// Reads `name=tcp://host:port` or `name=tcp://host:port,critical`; nil for anything else.
    init?(parsing text: String) {
        let pair = text.split(separator: "=", maxSplits: 1)
        guard pair.count == 2, pair[1].hasPrefix("tcp://") else { return nil }
        var rest = pair[1].dropFirst(6)
        let isCritical = rest.hasSuffix(",critical")
        if isCritical { rest = rest.dropLast(9) }
        guard let address = BindAddress(parsing: "tcp://\(rest)"), case .tcp(let host?, let port) = address, port > 0
        else { return nil }
        self.init(name: String(pair[0]), isCritical: isCritical, kind: .tcp(host: host, port: String(port)))
    }
}
