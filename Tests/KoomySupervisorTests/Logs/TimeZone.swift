import Glibc

/// Calls the body with another local time; TZ belongs to the whole process (tzset(3)).
func inTimeZone<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    let before = getenv("TZ").map { String(cString: $0) }
    setenv("TZ", name, 1)
    tzset()
    defer {
        if let before { setenv("TZ", before, 1) } else { unsetenv("TZ") }
        tzset()
    }
    return try body()
}
