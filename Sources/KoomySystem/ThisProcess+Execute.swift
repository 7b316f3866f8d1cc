import CKoomyLinux

extension ThisProcess {
    /// Runs another program in this process (execve(2)); returns only where that failed.
    ///
    /// It has the descriptors `keeping`, under their numbers, and those that are not close-on-exec. Everything else stays
    /// as execve leaves it: children, locks, blocked and ignored signals. After a failure each descriptor is as it was.
    package static func execute(
        _ path: String,
        arguments: [String],
        environment: [String: String],
        keeping kept: [Int32] = []
    ) -> SystemError {
        execute(path, -1, arguments, environment, kept)
    }

    /// The same for an open program, as `openExecutable` gives it.
    ///
    /// A script cannot be run so: its interpreter would not find it (execveat(2)). The process is named after the
    /// descriptor's number by kernels before 6.14, so the program should name itself.
    package static func execute(
        _ program: borrowing FileDescriptor,
        arguments: [String],
        environment: [String: String],
        keeping kept: [Int32] = []
    ) -> SystemError {
        execute(nil, program.number, arguments, environment, kept)
    }

    /// The program that runs now, also where its file was replaced or removed since (O_PATH of open(2)).
    package static func openExecutable() throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check(koomy_open_own_program(), "open", "/proc/self/exe"))
    }

    private static func execute(
        _ path: String?,
        _ file: Int32,
        _ arguments: [String],
        _ environment: [String: String],
        _ kept: [Int32]
    ) -> SystemError {
        let subject = path ?? arguments.first
        let variables = environment.map { "\($0)=\($1)" }
        let texts = (path.map { [$0] } ?? []) + arguments + variables
        // A NUL would cut a text short without a word.
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            return SystemError("execute", .invalidArgument, subject: subject, hint: "a text has a NUL in it")
        }
        var arena = CStringArena(bytes: texts.reduce(0) { $0 + $1.utf8.count }, strings: texts.count, arrays: 2)
        let program = path.map { arena.append($0) }
        let first = arena.nextArray
        for argument in arguments { arena.append(argument) }
        arena.endArray()
        let second = arena.nextArray
        for variable in variables { arena.append(variable) }
        arena.endArray()
        let result = koomy_execute(program, file, first, second, kept, kept.count)
        _ = consume arena
        return SystemError("execute", Errno(-result), subject: subject)
    }
}
