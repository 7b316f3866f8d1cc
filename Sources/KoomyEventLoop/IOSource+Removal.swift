extension Optional where Wrapped == IOSource {
    /// Takes the source out of the loop at once, so that its descriptor may be closed or watched anew.
    ///
    /// To drop the reference is not enough inside the source's own handler: it lives until the handler returns. A
    /// descriptor that is closed before stays in the epoll set as long as a process just cloned has a copy of it, and
    /// a number that was given away meanwhile would be taken out instead (epoll(7), questions and answers).
    package mutating func remove() {
        self?.disable()
        self = nil
    }
}
