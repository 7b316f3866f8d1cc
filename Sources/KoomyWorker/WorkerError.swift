import Glibc

/// What went wrong, in which step, on what.
public struct WorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The step that failed, such as `accept` or `take the inherited listener`.
    public var operation: String
    /// The number of the error (errno(3)).
    public var code: Int32
    /// The descriptor, path or address that it failed on.
    public var subject: String

    /// An error with all of its parts.
    public init(operation: String, code: Int32, subject: String) {
        self.operation = operation
        self.code = code
        self.subject = subject
    }

    /// One line for people: step, subject and the kernel's words.
    public var description: String {
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return "cannot \(operation) \(subject): \(words)"
    }

    /// The result of a C function that returns -errno on failure.
    static func check(
        _ result: Int32,
        _ operation: String,
        _ subject: @autoclosure () -> String
    ) throws(WorkerError) -> Int32 {
        guard result < 0 else { return result }
        throw WorkerError(operation: operation, code: -result, subject: subject())
    }
}
