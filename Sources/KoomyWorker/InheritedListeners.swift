import CKoomyLinux
import Glibc

/// What LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES say (sd_listen_fds(3)).
struct InheritedListeners: Hashable {
    /// The first descriptor that is handed over (SD_LISTEN_FDS_START).
    static let firstDescriptor: Int32 = 3

    /// The names in the order of the descriptors.
    var names: [String]

    /// Reads the variables; none where they are for another process, as they are behind a shell or a wrapper.
    init(environment: (String) -> String?, processID: pid_t) throws(WorkerError) {
        names = []
        guard let owner = environment("LISTEN_PID"), pid_t(owner) == processID,
            let text = environment("LISTEN_FDS")
        else { return }
        guard let count = Int32(text), count >= 0, count <= 4096 else {
            throw WorkerError(operation: "read", code: EINVAL, subject: "LISTEN_FDS=\(text)")
        }
        let given = environment("LISTEN_FDNAMES").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
        names = (0..<Int(count)).map { index in
            guard let given, given.indices.contains(index), !given[index].isEmpty else { return "unknown" }
            return given[index]
        }
    }

    /// Checks each descriptor, keeps it from programs that this one starts, and makes a listener of it.
    func take(from first: Int32 = firstDescriptor) throws(WorkerError) -> [Listener] {
        var listeners: [Listener] = []
        for (index, name) in names.enumerated() {
            let descriptor = first + Int32(index)
            let subject = "descriptor \(descriptor) (\(name))"
            guard try WorkerError.check(koomy_is_listening(descriptor), "use as a listener", subject) == 1 else {
                throw WorkerError(operation: "use as a listener", code: EINVAL, subject: subject)
            }
            _ = try WorkerError.check(koomy_worker_set_close_on_exec(descriptor), "keep", "descriptor \(descriptor)")
            listeners.append(try Listener(descriptor: descriptor, name: name, isInherited: true))
        }
        return listeners
    }
}
