import FoundationEssentials
package import KoomyCore
import KoomyModel
package import KoomySystem

/// The desired state on disk: written whole, durable before it is believed.
package struct StateStore {
    package let path: String

    package init(path: String) { self.path = path }

    /// What was found at the start.
    package enum Found {
        case nothing
        case state(DesiredState)
        /// A later koomyd wrote it; it is left as it is.
        case newer(version: Int)
        /// It could not be used, for this reason, and was kept aside under this path.
        case corrupt(reason: String, keptAs: String)
    }

    /// Reads the state; a file that cannot be used is moved aside and not overwritten.
    package func load() throws(SystemError) -> Found {
        let found = try look()
        guard case .corrupt(let reason, let aside) = found else { return found }
        try AtomicFile.setAside(path, as: aside)
        return .corrupt(reason: reason, keptAs: aside)
    }

    /// Reads the state and changes nothing.
    package func look() throws(SystemError) -> Found {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try WholeFile.read(path, most: 64 << 20)
        } catch {
            guard error.errno != .noSuchFile else { return .nothing }
            throw error
        }
        let reason: String
        do {
            let state = try JSONDecoder().decode(DesiredState.self, from: Data(bytes))
            guard state.version <= DesiredState.currentVersion else { return .newer(version: state.version) }
            guard let flaw = state.flaw else { return .state(state) }
            reason = flaw
        } catch {
            reason = "\(error)"
        }
        return .corrupt(reason: reason, keptAs: "\(path).corrupt-\(WallClock.now().seconds)")
    }

    /// Writes the state; when it returns, the state survives a loss of power.
    package func save(_ state: DesiredState) throws(SystemError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(state) else {
            throw SystemError("encode the state", .invalidArgument, subject: path)
        }
        try AtomicFile.write(data, to: path, mode: 0o600)
    }
}

extension DesiredState {
    /// A value that no koomyd has written; nil where there is none.
    fileprivate var flaw: String? {
        for app in apps {
            guard (1...10_000).contains(app.spec.instances) else {
                return "\(app.spec.name) has \(app.spec.instances) instances"
            }
            guard app.generation.number < 1 << 62 else {
                return "\(app.spec.name) has generation \(app.generation.number)"
            }
        }
        return Set(apps.map(\.spec.name)).count == apps.count ? nil : "an app stands in it twice"
    }
}
