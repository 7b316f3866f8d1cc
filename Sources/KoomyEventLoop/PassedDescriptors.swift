import CSystemd
import Glibc
package import KoomySystem

/// A descriptor that systemd passed to this process, with its name.
package struct PassedDescriptor {
    /// What FileDescriptorName= or FDNAME= called it; `unknown` without either.
    package var name: String
    package var descriptor: SharedDescriptor

    package init(name: String, descriptor: SharedDescriptor) {
        self.name = name
        self.descriptor = descriptor
    }
}

/// Socket activation and the descriptor store.
package enum PassedDescriptors {
    /// Takes what was passed, once; a second call finds nothing (sd_listen_fds_with_names(3)).
    package static func take() throws(SystemError) -> [PassedDescriptor] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = try check(sd_listen_fds_with_names(1, &names), "sd_listen_fds")
        defer { free(names) }
        return (0..<count).map { index in
            let text = names?[Int(index)]
            defer { free(text) }
            return PassedDescriptor(
                name: text.map { String(cString: $0) } ?? "unknown",
                descriptor: SharedDescriptor(FileDescriptor(owning: SD_LISTEN_FDS_START + index))
            )
        }
    }
}
