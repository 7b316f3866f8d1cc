/// The body of `POST /v1/daemon/stop`.
public struct StopDaemonRequest: Codable, Hashable, Sendable {
    /// What becomes of the workers; the raw values are stable.
    public enum Workers: String, CaseIterable, Hashable, Sendable {
        /// They are asked to leave, and koomyd leaves when nothing of them is left.
        case drain
        /// They go on; the next koomyd takes them over.
        case leave
    }

    /// What becomes of the workers; drained where absent.
    public var workers: Workers?

    /// A request to leave.
    public init(workers: Workers? = nil) { self.workers = workers }
}

extension StopDaemonRequest.Workers: Codable {
    /// Reads one of the two words.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(rawValue: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"drain\" or \"leave\" is expected"
            )
        }
        self = value
    }
}

/// The body of `POST /v1/daemon/upgrade`.
public struct UpgradeRequest: Codable, Hashable, Sendable {
    /// Absolute path of the new koomyd; the file that koomyd was started from where absent.
    public var binary: String?

    /// A request to go on as another binary.
    public init(binary: String? = nil) { self.binary = binary }

    /// What is wrong with it, as a sentence; nil where it can be done.
    package var problem: String? {
        guard let binary else { return nil }
        return binary.hasPrefix("/") ? nil : "\"binary\" has to be an absolute path"
    }
}

/// What an upgrade has made of a daemon.
public struct UpgradeView: Codable, Hashable, Sendable {
    /// The version before, as `koomyd --version` has it.
    public var from: String
    /// The version that answers now.
    public var to: String
    /// Its process.
    public var pid: Int32

    /// An upgrade from its parts.
    public init(from: String, to: String, pid: Int32) {
        self.from = from
        self.to = to
        self.pid = pid
    }
}
