import KoomySystem
import KoomyWire

/// What is known of a release, kept beside it.
struct ReleaseRecord: Codable, Equatable {
    /// How long a step of the preparation took.
    struct Step: Codable, Equatable {
        var step: String
        var tookMs: Int64
    }

    var id: String
    var revision: String
    /// What it was made of, for people.
    var source: String
    /// When it was complete, in milliseconds since the Unix epoch.
    var preparedAt: Int64
    /// The user who prepared it.
    var by: String
    var steps: [Step]

    /// nil where there is none that can be read.
    static func read(_ path: String) -> ReleaseRecord? {
        guard let bytes = try? WholeFile.read(path, most: 1 << 20) else { return nil }
        return try? WireCoding.decode(from: bytes)
    }

    func write(to path: String) throws(DeployFailure) {
        do {
            try AtomicFile.write(WireCoding.encodeLine(self), to: path, mode: 0o644)
        } catch let error as SystemError {
            throw DeployFailure(error)
        } catch {
            throw DeployFailure(.internalError, "\(error)")
        }
    }
}
