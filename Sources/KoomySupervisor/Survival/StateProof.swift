import KoomyCore
import KoomyModel
import KoomySystem

/// Whether this koomyd can go on with what another one knows.
package enum StateProof {
    /// What it could go on with, for people.
    ///
    /// - Parameters:
    ///   - descriptor: Sealed memory with a checkpoint; nil for the state and the journal in this daemon's folders.
    ///   - environment: Says which folders these are.
    /// - Returns: As `koomyd 0.2.0 can go on from koomyd 0.1.0: 3 apps, 8 workers`.
    /// - Throws: Why it could not.
    package static func words(_ descriptor: Int32?, environment: [String: String]) throws -> String {
        let directories = try Directories(environment: environment)
        try checkDesiredState(StateStore(path: directories.stateFile))
        if let descriptor {
            let bytes = try SealedMemory.read(FileDescriptor(owning: descriptor), most: 1 << 30)
            let contents = Journal.Contents(checkpoint: try Checkpoint(parsing: bytes), lines: [], unread: 0)
            return words(Inheritance(contents))
        }
        guard let contents = try Journal.read(directories.journal) else {
            return "koomyd \(Version.current) can go on: nothing is under way, the state can be read"
        }
        return words(Inheritance(contents))
    }

    private static func checkDesiredState(_ store: StateStore) throws {
        switch try store.look() {
        case .nothing, .state: return
        case .newer(let version):
            throw Checkpoint.Flaw.unreadable(
                "\(store.path) has version \(version); koomyd \(Version.current) reads up to \(DesiredState.currentVersion)"
            )
        case .corrupt(let reason, _): throw Checkpoint.Flaw.unreadable("\(store.path): \(reason)")
        }
    }

    private static func words(_ inheritance: Inheritance) -> String {
        let fleet = inheritance.replay.fleet
        let workers = fleet.apps.values.reduce(0) { $0 + $1.workers.count }
        return "koomyd \(Version.current) can go on from koomyd \(inheritance.writer): "
            + "\(fleet.apps.count) \(fleet.apps.count == 1 ? "app" : "apps"), \(workers) \(workers == 1 ? "worker" : "workers")"
    }
}
