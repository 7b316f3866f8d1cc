import KoomyWire

/// What a hook reads from its standard input.
struct HookDocument: Encodable {
    var schema = 1
    var hook: String
    var deployment: DeploymentView
}
