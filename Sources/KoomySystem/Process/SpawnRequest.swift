package import KoomyModel

/// Everything about a process that is to be started, with nothing left to look up.
package struct SpawnRequest: Sendable {
    /// A descriptor of ours and the number under which the child gets it.
    package struct Descriptor: Hashable, Sendable {
        package var source: Int32
        package var target: Int32

        package init(_ source: Int32, as target: Int32) {
            self.source = source
            self.target = target
        }
    }

    /// The program; relative to `workingDirectory` where it does not begin with a slash.
    package var path: String
    /// The arguments, the first being the program's own name.
    package var arguments: [String]
    /// The child's whole environment.
    package var environment: [String: String]
    /// Variables, added to `environment`, whose value is the child's own process id: LISTEN_PID, WATCHDOG_PID.
    package var processIDVariables: [String] = []
    package var workingDirectory: String?
    /// nil for this process's own user and groups.
    package var identity: ResolvedIdentity?
    /// The child has these and no other; of 0, 1 and 2 those that are missing are /dev/null.
    ///
    /// They have to stay open until the call returns.
    package var descriptors: [Descriptor] = []
    package var attributes = ProcessAttributes()
    /// The directory of a delegated cgroup in which the child begins.
    package var cgroup: Int32?
    /// Takes the way of containers that forbid clone3(2) where nothing forbids it, for tests.
    var avoidsClone3 = false

    package init(
        path: String,
        arguments: [String],
        environment: [String: String] = [:],
        workingDirectory: String? = nil
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }
}
