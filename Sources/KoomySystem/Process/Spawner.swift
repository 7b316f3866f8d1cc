import CKoomyLinux
import Glibc
package import KoomyModel

extension StartFailure: Error {}

/// Starts processes: each leads a session of its own and has exactly the descriptors, signal handling, environment and
/// rights that its request says, whatever this process has.
package struct Spawner: ~Copyable, Sendable {
    private let nullDevice: FileDescriptor
    private let descriptorLimit: ResourceLimit?

    /// `descriptorLimit` is the limit that children begin with, where this process has raised its own.
    package init(descriptorLimit: ResourceLimit? = nil) throws(SystemError) {
        self.descriptorLimit = descriptorLimit
        nullDevice = FileDescriptor(owning: try check(koomy_open("/dev/null", O_RDWR, 0), "open", "/dev/null"))
    }

    /// Makes the process and returns without waiting until its program is loaded, which may take for ever on a
    /// network file system; what becomes of it, `SpawnedProcess.startup` says.
    package borrowing func spawn(_ request: SpawnRequest) throws(StartFailure) -> SpawnedProcess {
        if let failure = Self.textThatCannotBePassed(request) { throw failure }
        var moves = request.descriptors.map { koomy_descriptor_move(source: $0.source, target: $0.target) }
        for target: Int32 in 0...2 where !request.descriptors.contains(where: { $0.target == target }) {
            moves.append(koomy_descriptor_move(source: nullDevice.number, target: target))
        }
        var limits = request.attributes.limits.map(\.kernelLimit)
        if let descriptorLimit, !request.attributes.limits.contains(where: { $0.resource == .nofile }) {
            limits.append(descriptorLimit.kernelLimit)
        }

        var arena = CStringArena(
            bytes: Self.textSize(of: request),
            strings: request.arguments.count + request.environment.count + request.processIDVariables.count + 2,
            arrays: 2
        )
        let path = arena.append(request.path)
        let directory = request.workingDirectory.map { arena.append($0) }
        let arguments = arena.nextArray
        for argument in request.arguments { arena.append(argument) }
        arena.endArray()
        let environment = arena.nextArray
        for (name, value) in request.environment { arena.append(name, "=", value) }
        let slots: [UnsafeMutablePointer<CChar>?] = request.processIDVariables.map {
            arena.append($0, "=", spare: Int(KOOMY_PID_ROOM)) + $0.utf8.count + 1
        }
        arena.endArray()

        var kernel = koomy_spawn_request()
        kernel.path = UnsafePointer(path)
        kernel.cwd = UnsafePointer(directory)
        kernel.argv = UnsafePointer(arguments)
        kernel.envp = UnsafePointer(environment)
        kernel.cgroup = request.cgroup ?? -1
        kernel.avoids_clone3 = request.avoidsClone3 ? 1 : 0
        kernel.apply(request.attributes)
        var spawned = koomy_spawned()
        let result = kernel.spawn(
            moves: &moves,
            limits: limits,
            slots: slots,
            identity: request.identity,
            spawned: &spawned
        )
        // The kernel's copies of these strings are made inside the call.
        _ = consume arena
        guard result >= 0 else {
            throw StartFailure(step: .init(spawned.step), errno: -result, subject: request.path)
        }
        return SpawnedProcess(spawned, request: request)
    }

    private static func textSize(of request: SpawnRequest) -> Int {
        var size = request.path.utf8.count + (request.workingDirectory?.utf8.count ?? 0)
        for argument in request.arguments { size += argument.utf8.count }
        for (name, value) in request.environment { size += name.utf8.count + value.utf8.count + 1 }
        for name in request.processIDVariables { size += name.utf8.count + 1 + Int(KOOMY_PID_ROOM) }
        return size
    }

    /// A NUL would cut a text short without a word.
    private static func textThatCannotBePassed(_ request: SpawnRequest) -> StartFailure? {
        func isBad(_ text: String) -> Bool { text.utf8.contains(0) }
        let step: StartFailure.Step
        let subject: String
        if isBad(request.path) || request.arguments.contains(where: isBad) {
            (step, subject) = (.execute, request.path)
        } else if let directory = request.workingDirectory, isBad(directory) {
            (step, subject) = (.workingDirectory, directory)
        } else if let entry = request.environment.first(where: { isBad($0.key) || isBad($0.value) }) {
            (step, subject) = (.execute, "environment variable \(entry.key)")
        } else {
            return nil
        }
        return StartFailure(step: step, errno: EINVAL, subject: subject)
    }
}

extension koomy_spawn_request {
    fileprivate mutating func apply(_ attributes: ProcessAttributes) {
        if let mask = attributes.umask {
            sets_umask = 1
            umask = mask
        }
        if let priority = attributes.nice {
            sets_nice = 1
            nice = priority
        }
        if let score = attributes.oomScoreAdjust {
            sets_oom_score = 1
            oom_score = score
        }
        no_new_privs = attributes.noNewPrivileges ? 1 : 0
    }

    fileprivate func spawn(
        moves: inout [koomy_descriptor_move],
        limits: [koomy_limit],
        slots: [UnsafeMutablePointer<CChar>?],
        identity: ResolvedIdentity?,
        spawned: inout koomy_spawned
    ) -> Int32 {
        var kernel = self
        let groups = identity?.groups ?? []
        if let identity {
            (kernel.sets_uid, kernel.uid) = (1, identity.userID)
            (kernel.sets_gid, kernel.gid) = (1, identity.groupID)
            kernel.sets_groups = 1
        }
        return moves.withUnsafeMutableBufferPointer { moves in
            limits.withUnsafeBufferPointer { limits in
                slots.withUnsafeBufferPointer { slots in
                    groups.withUnsafeBufferPointer { groups in
                        (kernel.moves, kernel.move_count) = (moves.baseAddress, moves.count)
                        (kernel.limits, kernel.limit_count) = (limits.baseAddress, limits.count)
                        (kernel.pid_slots, kernel.pid_slot_count) = (slots.baseAddress, slots.count)
                        (kernel.groups, kernel.group_count) = (groups.baseAddress, groups.count)
                        return koomy_spawn(&kernel, &spawned)
                    }
                }
            }
        }
    }
}
