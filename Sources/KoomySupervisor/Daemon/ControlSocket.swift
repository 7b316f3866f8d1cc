import KoomyModel
import KoomySystem

/// The socket on which koomyctl reaches koomyd.
enum ControlSocket {
    /// Its members may command the system's koomyd.
    static let group = "koomy"

    static func open(_ directories: Directories) throws(SystemError) -> ListeningSocket {
        var spec = ListenerSpec(name: "control", address: .unix(path: directories.controlSocket), backlog: 128)
        spec.mode = 0o600
        spec.nonblocking = true
        if ThisProcess.isRoot, (try? Accounts.group(group)) != nil {
            spec.mode = 0o660
            spec.group = group
        }
        return try ListeningSocket.open(spec)
    }
}
