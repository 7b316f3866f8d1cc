/// By what the processes of a worker are known.
package struct TreeMark: Hashable, Sendable {
    /// A variable that only this worker's processes have with this value.
    package struct Marker: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The process that was spawned; it led a session of its own.
    package var root: ProcessID
    /// When the root began; nil where it is certain that its number is still its own.
    package var startTime: UInt64?
    package var marker: Marker?

    package init(root: ProcessID, startTime: UInt64? = nil, marker: Marker? = nil) {
        self.root = root
        self.startTime = startTime
        self.marker = marker
    }
}
