package import KoomyEventLoop
package import KoomySystem

package struct KeptDescriptor {
    package var name: String
    package var descriptor: SharedDescriptor
    package var identity: FileIdentity
}

package final class DescriptorStore {
    package enum Kind {
        case systemd(passed: [PassedDescriptor])
        case keeper(socketPath: String, executable: String)
        case none
    }
    var keeperProcess: ProcessID? { nil }
    private var kept: [KeptDescriptor] = []
    static package func open(_ kind: Kind, loop: EventLoop) throws -> DescriptorStore { DescriptorStore() }
    package func takeKept() -> [KeptDescriptor] { kept }
    package func keep(_ name: String, _ descriptors: [Int32]) {}
    package func drop(_ name: String) {}
    package func end() {}
}
