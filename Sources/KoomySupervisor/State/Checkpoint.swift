import FoundationEssentials
package import KoomyCore
package import KoomyModel
package import KoomySystem
package import KoomyWire

/// All that koomyd knows at one moment, for the koomyd that goes on.
package struct Checkpoint: Hashable, Sendable, Codable {
    /// Raised when an earlier koomyd could not read it, or a later one has to read it differently.
    package static let currentVersion = 1

    package var version = currentVersion
    /// The koomyd that wrote it.
    package var writer = Version.current
    /// The boot in which it is true: instants and processes mean nothing in another.
    package var boot = BootID.current
    package var at: Instant
    package var fleet: Fleet
    package var timers: [Timer]
    package var processes: [ProcessRecord]
    package var listeners: [ListenerRecord]
    package var operations: [OperationRecord]
    /// How operations ended that a client may still ask for.
    package var results: [EndedOperation]
    package var lastRequest: UInt64
    package var lastEvent: UInt64
    /// What only a koomyd that follows in the same process needs; nil in the journal.
    package var handover: Handover?

    package struct Timer: Hashable, Sendable, Codable {
        package var id: TimerID
        package var due: Instant
    }

    package struct EndedOperation: Hashable, Sendable, Codable {
        package var request: RequestID
        package var result: CommandResult
    }
}

// MARK: - On the way

extension Checkpoint {
    /// Why a checkpoint cannot be used.
    package enum Flaw: Error, CustomStringConvertible {
        case newer(version: Int, writer: String)
        case unreadable(String)

        package var description: String {
            switch self {
            case .newer(let version, let writer):
                "it was written by koomyd \(writer) in version \(version); this koomyd reads an earlier one"
            case .unreadable(let words): words
            }
        }
    }

    private struct Head: Decodable {
        var version: Int
        var writer: String?
    }

    package init(parsing bytes: [UInt8]) throws(Flaw) {
        let data = Data(bytes)
        let decoder = JSONDecoder()
        do {
            let head = try decoder.decode(Head.self, from: data)
            guard head.version <= Self.currentVersion else {
                throw Flaw.newer(version: head.version, writer: head.writer ?? "?")
            }
            self = try decoder.decode(Checkpoint.self, from: data)
        } catch let flaw as Flaw {
            throw flaw
        } catch {
            throw .unreadable("\(error)")
        }
    }

    package func encoded() throws(SystemError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(self))
        } catch {
            throw SystemError("encode the checkpoint", .invalidArgument, hint: "\(error)")
        }
    }
}

/// Which boot of the machine this is (random(4), boot_id).
package enum BootID {
    package static let current: String =
        (try? WholeFile.read("/proc/sys/kernel/random/boot_id", most: 64))
        .map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) } ?? "unknown"
}
