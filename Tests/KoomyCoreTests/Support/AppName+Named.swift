import KoomyModel

extension AppName {
    /// The name of an app in a test.
    static func named(_ text: StaticString) -> AppName {
        guard let name = AppName(text.description) else { preconditionFailure("not the name of an app: \(text)") }
        return name
    }
}
