/// A pair of state and event that ought not to be possible.
///
/// A supervisor does not trap on it: it is logged and counted, and fails the tests.
package struct Anomaly: Hashable, Sendable {
    package var machine: String
    package var state: String
    package var event: String

    init(_ machine: String, _ state: some Any, _ event: some Any) {
        self.machine = machine
        self.state = "\(state)"
        self.event = "\(event)"
    }
}
