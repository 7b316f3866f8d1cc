package import KoomyModel
package import KoomySystem
package import KoomyWire
import KoomyCore

/// What only a koomyd that follows in the same process needs to know.
package struct Handover: Hashable, Sendable, Codable {
    package var lock: FileIdentity?
    package var control: FileIdentity?
    /// The sockets that systemd passed.
    package var activated: [ActivatedSockets.Record]?
    /// The limit on open files before it was raised.
    package var descriptorLimit: ResourceLimit?
    /// The request for the upgrade.
    package var request: RequestID
    /// The path of the binary that was asked for.
    package var binary: String
    package var events: [EventView]
    /// When this process began.
    package var startedAt: Instant
    package var startedAtWall: WallTime
}

/// The state of the koomyd that ran in this process before, and the descriptors that it left open.
package struct Takeover {
    package var contents: Journal.Contents
    package var handover: Handover
    package let pool: DescriptorPool
    /// Why the binary that was asked for did not go on, where this is the one before it.
    package var fallback: String?

    /// Reads what a `--resume` names and takes every descriptor that is open.
    ///
    /// - Parameters:
    ///   - memory: The sealed memory with the checkpoint.
    ///   - previous: The program that ran before, to go back to; nil where this is it.
    ///   - fallback: Why this is it.
    /// - Throws: Where it cannot be read; nothing has been changed then.
    package init(memory: Int32, previous: Int32?, fallback: String?) throws {
        let file = FileDescriptor(owning: memory)
        let bytes: [UInt8]
        do {
            bytes = try SealedMemory.read(file, most: 1 << 30)
        } catch {
            _ = file.release()
            throw error
        }
        let checkpoint: Checkpoint
        do {
            checkpoint = try Checkpoint(parsing: bytes)
        } catch {
            _ = file.release()
            throw error
        }
        guard let handover = checkpoint.handover else {
            _ = file.release()
            throw Checkpoint.Flaw.unreadable("it was not written for a koomyd in the same process")
        }
        contents = Journal.Contents(checkpoint: checkpoint, lines: [], unread: 0)
        self.handover = handover
        self.fallback = fallback
        pool = DescriptorPool()
        if let previous { _ = FileDescriptor(owning: previous) }
        for number in ThisProcess.openDescriptors() where number > 2 && number != file.number {
            guard let descriptor = FileDescriptor(inheriting: number) else { continue }
            pool.add(SharedDescriptor(descriptor))
        }
    }
}
