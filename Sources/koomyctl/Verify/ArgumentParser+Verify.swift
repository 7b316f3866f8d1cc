import KoomyModel
import KoomyWire

extension ArgumentParser {
    func verify() throws(UsageError) -> VerifyRequest {
        guard operands.count == 1, let app = AppName(operands[0]) else {
            throw problem("verify takes one app", "as in koomyctl verify api")
        }
        var request = VerifyRequest(app: app)
        if let path = options[.path] {
            guard path.hasPrefix("/"), isTarget(path) else {
                throw problem("--path \(path) is not the path of a URL", "as in --path /health")
            }
            request.path = path
        }
        if let rate = try number(.rate, .verify) {
            guard let rate = Int(exactly: rate), VerifyRequest.rates.contains(rate) else {
                throw problem("--rate is 1 to \(VerifyRequest.rates.upperBound) requests a second", nil)
            }
            request.rate = rate
        }
        request.style = try word(.connections) ?? request.style
        request.method = try word(.method) ?? request.method
        request.duration = try span(.duration) ?? request.duration
        request.slow = try span(.slow) ?? request.slow
        return request
    }

    /// Whether a request could ask for it.
    private func isTarget(_ path: String) -> Bool {
        (try? HTTPRequestHead(method: "GET", target: path).serialized()) != nil
    }

    private func word<Word: RawRepresentable & CaseIterable>(_ option: Option) throws(UsageError) -> Word?
    where Word.RawValue == String {
        guard let text = options[option] else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem("\(option.text) is one of \(words), not \(text)", nil)
        }
        return word
    }

    private func span(_ option: Option) throws(UsageError) -> TimeSpan? {
        guard let text = options[option] else { return nil }
        // A bare number is in seconds, as in --timeout.
        guard let span = TimeSpan(parsing: text) ?? TimeSpan(parsing: text + "s"), span > .zero else {
            throw problem("\(option.text) \(text) is no length of time", "as in 10s, 500ms or 2m")
        }
        return span
    }

    private func problem(_ message: String, _ hint: String?) -> UsageError {
        UsageError(message: message, hint: hint, command: .verify)
    }
}
