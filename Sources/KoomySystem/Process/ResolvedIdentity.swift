/// The user and groups of a process, as the kernel knows them.
package struct ResolvedIdentity: Hashable, Sendable {
    package var userID: UInt32
    package var groupID: UInt32
    /// The supplementary groups.
    package var groups: [UInt32]

    package init(userID: UInt32, groupID: UInt32, groups: [UInt32]) {
        self.userID = userID
        self.groupID = groupID
        self.groups = groups
    }
}
