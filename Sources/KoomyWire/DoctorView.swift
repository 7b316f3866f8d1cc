/// The answer of `GET /v1/doctor`: what was looked at, and what is not as it should be.
public struct DoctorView: Codable, Hashable, Sendable {
    /// The version of this schema; raised only by a change that an older reader would misunderstand.
    public var schema: Int
    /// What was looked at, in the order in which it is worth reading.
    public var checks: [DoctorCheck]

    /// Findings from their parts.
    public init(schema: Int = StatusView.currentSchema, checks: [DoctorCheck]) {
        self.schema = schema
        self.checks = checks
    }

    /// Whether something has to be done.
    public var hasErrors: Bool { checks.contains { $0.status == DoctorCheck.Status.error.rawValue } }
}

/// One thing that was looked at.
public struct DoctorCheck: Codable, Hashable, Sendable {
    /// How it is; the raw values are stable.
    public enum Status: String, CaseIterable, Codable, Hashable, Sendable {
        /// As it should be.
        case ok
        /// Something works less well than it could, or soon may not.
        case warning
        /// Something does not work.
        case error
    }

    /// A short stable word, as `strangers`.
    public var name: String
    /// A `Status`.
    public var status: String
    /// For people, one sentence.
    public var message: String
    /// What to do about it, for people.
    public var hint: String?

    /// A check from its parts.
    public init(_ name: String, _ status: Status, message: String, hint: String? = nil) {
        self.name = name
        self.status = status.rawValue
        self.message = message
        self.hint = hint
    }
}
