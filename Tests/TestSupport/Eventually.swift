internal import Glibc

/// What a test waited for and did not get.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Waits until the condition holds, asking every few milliseconds.
///
/// Throws a `TestFailure` with the description and the place of the call if it has not come true in time.
package func eventually(
    within limit: Duration = .seconds(20),
    _ description: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line,
    condition: () throws -> Bool
) throws {
    _ = try eventually(within: limit, description(), file: file, line: line) { try condition() ? true : nil }
}

/// Waits until the body returns a value, and returns it.
package func eventually<Value>(
    within limit: Duration = .seconds(20),
    _ description: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line,
    value body: () throws -> Value?
) throws -> Value {
    let end = ContinuousClock.now + limit
    while true {
        if let value = try body() { return value }
        guard ContinuousClock.now < end else {
            throw TestFailure(description: "not within \(limit): \(description()) (\(file):\(line))")
        }
        waitBriefly()
    }
}

/// Checks that the condition goes on holding for as long as this.
///
/// For what must not happen, where there is nothing to wait for.
package func always(
    for span: Duration,
    _ description: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line,
    condition: () throws -> Bool
) throws {
    let end = ContinuousClock.now + span
    while ContinuousClock.now < end {
        guard try condition() else {
            throw TestFailure(description: "no longer: \(description()) (\(file):\(line))")
        }
        waitBriefly()
    }
}

/// Gives the processor away for the few milliseconds between two looks at a condition.
package func waitBriefly() { poll(nil, 0, 5) }
