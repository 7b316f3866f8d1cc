/// Which of the sources that are ready at once comes first: the lowest number.
package struct EventPriority: Hashable, Sendable {
    package var number: Int64

    package init(_ number: Int64) { self.number = number }

    /// Before everything else.
    package static let urgent = EventPriority(-100)
    package static let normal = EventPriority(0)
    /// After everything else; starved while there is other work.
    package static let idle = EventPriority(100)
}
