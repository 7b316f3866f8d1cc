import KoomyCore
import KoomyEventLoop
import KoomyWire

extension Supervisor {
    /// Starts what a file defines; throws `Refusal` where it cannot be read.
    func startForeground(_ file: String) throws {
        let loaded = try ConfigurationSource(environment: setting.environment).load(file).get()
        for diagnostic in loaded.warnings { log.warning(diagnostic.text) }
        send(.booted(DesiredState()))
        let answer = Answer(apps: nil) { [weak self] result in
            guard let self, result.code != 0 else { return }
            log.error(result.message)
            // Nothing was started: there is nothing to stay for.
            if fleet.apps.isEmpty { loop.exit(code: result.code) }
        }
        request(.define(loaded.definitions), answer: answer)
    }
}
