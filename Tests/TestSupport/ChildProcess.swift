internal import Glibc

/// How a process ended.
package enum Exit: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)

    /// From the status of waitpid(2); its macros are not visible in Swift.
    init(waitStatus status: Int32) {
        self = status & 0x7F == 0 ? .code((status >> 8) & 0xFF) : .signal(status & 0x7F)
    }
}

/// Where a standard stream of a child leads.
enum Stream {
    case null
    /// A file that is read.
    case from(String)
    /// A file; what is in it is kept, writers append.
    case to(String)
}

/// Starts a process with posix_spawn(3), in a process group of its own and with default signals.
///
/// It gets no descriptor but the three streams: what the test program itself inherited is closed, and everything here is
/// opened with O_CLOEXEC.
func spawn(
    _ arguments: [String],
    environment: [String: String],
    folder: String?,
    streams: [Stream]
) throws -> pid_t {
    // glibc's file action for chdir is hidden from Swift; env(1) changes the folder and becomes the program.
    let arguments = folder.map { ["env", "--chdir=\($0)"] + arguments } ?? arguments
    guard let program = arguments.first else { throw Files.Failure(description: "nothing to start") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in zip(Int32(0)..., streams) {
        switch stream {
        case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
        case .from(let path): posix_spawn_file_actions_addopen(&actions, number, path, O_RDONLY, 0)
        case .to(let path):
            posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        }
    }
    for number in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where number > 2 {
        posix_spawn_file_actions_addclose(&actions, number)
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
        &attributes,
        Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
    )

    var pid: pid_t = 0
    let variables = environment.map { "\($0)=\($1)" }
    let failure = withCStrings(arguments) { argv in
        withCStrings(variables) { envp in posix_spawnp(&pid, program, &actions, &attributes, argv, envp) }
    }
    guard failure == 0 else {
        throw Files.Failure(description: "cannot start \(program): \(String(cString: strerror(failure)))")
    }
    return pid
}

/// Calls the body with a null-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    defer { array.deallocate() }
    for (index, string) in strings.enumerated() { array[index] = strdup(string) }
    array[strings.count] = nil
    defer { for index in strings.indices { free(array[index]) } }
    return body(array)
}

/// The environment that the tests give to what they start: nothing of the caller's but the language.
package func baseEnvironment(home: String = "/nonexistent") -> [String: String] {
    ["PATH": Binaries.searchPath, "HOME": home, "LANG": "C.UTF-8"]
}
