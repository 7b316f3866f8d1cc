/// What the meaning of an ecosystem file depends on beside its text; nothing else is asked of the machine.
///
/// The one exception is a `script` with spaces: whether a file of that name stands there is looked up.
package struct LoadContext: Hashable, Sendable {
    /// Absolute; a relative path of the file itself starts here.
    package var currentDirectory: String
    /// What `~/` stands for; nil where there is none.
    package var homeDirectory: String?
    /// What `instances: max` stands for; at least 1.
    package var processorCount: Int
    /// Chooses the `env_<name>` blocks that are laid over `env`.
    package var environmentName: String?

    package init(
        currentDirectory: String,
        homeDirectory: String? = nil,
        processorCount: Int,
        environmentName: String? = nil
    ) {
        self.currentDirectory = currentDirectory
        self.homeDirectory = homeDirectory
        self.processorCount = max(1, processorCount)
        self.environmentName = environmentName
    }
}
