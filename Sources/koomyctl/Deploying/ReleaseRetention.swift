/// Which old releases go.
enum ReleaseRetention {
    /// - Parameters:
    ///   - releases: The complete ones, in any order.
    ///   - keep: How many are to stay.
    ///   - needed: Those that stay whatever `keep` says: in service, or what a rollback would go back to.
    /// - Returns: Those to remove, the oldest first.
    static func surplus(_ releases: [ReleaseID], keep: Int, needed: Set<ReleaseID>) -> [ReleaseID] {
        var kept = needed.intersection(releases)
        for release in releases.sorted(by: >) where kept.count < keep { kept.insert(release) }
        return releases.filter { !kept.contains($0) }.sorted()
    }
}
