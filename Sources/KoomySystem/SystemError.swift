/// A system call, or a step made of several, that failed: what was tried, why it failed, and on what.
package struct SystemError: Error, Sendable {
    /// What was tried, as the call's name (`bind`) or in words (`look up user`).
    package let operation: StaticString
    package let errno: Errno
    /// The path, address or name that it failed on.
    package let subject: String?
    /// What can be done about it, as a sentence without a full stop.
    package let hint: String?

    package init(_ operation: StaticString, _ errno: Errno, subject: String? = nil, hint: String? = nil) {
        self.operation = operation
        self.errno = errno
        self.subject = subject
        self.hint = hint
    }

    /// The same error with advice.
    package func withHint(_ hint: String) -> SystemError {
        SystemError(operation, errno, subject: subject, hint: hint)
    }
}

extension SystemError: Hashable {
    package static func == (left: SystemError, right: SystemError) -> Bool {
        left.operation.description == right.operation.description && left.errno == right.errno
            && left.subject == right.subject && left.hint == right.hint
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(errno)
        hasher.combine(subject)
    }
}

extension SystemError: CustomStringConvertible {
    /// `bind tcp://127.0.0.1:80: Permission denied (EACCES): use a port from 1024`.
    package var description: String {
        var text = "\(operation)"
        if let subject { text += " \(subject)" }
        text += ": \(errno)"
        if let hint { text += ": \(hint)" }
        return text
    }
}

/// Turns the result of a shim function, a value or `-errno`, into a value or an error.
@discardableResult
package func check<Result: FixedWidthInteger & SignedInteger>(
    _ result: Result,
    _ operation: StaticString,
    _ subject: @autoclosure () -> String? = nil
) throws(SystemError) -> Result {
    guard result < 0 else { return result }
    throw SystemError(operation, Errno(Int32(truncatingIfNeeded: -result)), subject: subject())
}
