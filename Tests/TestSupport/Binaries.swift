internal import Glibc

/// Where the built programs are.
package enum Binaries {
    /// KOOMY_BIN_DIR, else the folder of the running test program, where `swift build` puts them all.
    package static let folder: String = {
        if let chosen = getenv("KOOMY_BIN_DIR") { return String(cString: chosen) }
        let program = Files.target(ofLink: "/proc/self/exe") ?? CommandLine.arguments[0]
        return program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }()

    /// The path of a built program.
    package static func path(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else { throw Files.Failure(description: "\(path) is not built") }
        return path
    }

    /// PATH for what the tests start: the built programs, then the system's.
    package static let searchPath = "\(folder):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Where a program is on the search path; nil where it is not installed.
    package static func installed(_ name: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
