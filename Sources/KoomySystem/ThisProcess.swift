import CKoomyLinux
import Glibc
package import KoomyModel

/// A process id as the kernel gives it.
package typealias ProcessID = Int32

/// What concerns the running process itself.
package enum ThisProcess {
    package static var id: ProcessID { getpid() }
    package static var parentID: ProcessID { getppid() }
    package static var userID: UInt32 { geteuid() }
    package static var groupID: UInt32 { getegid() }
    package static var isRoot: Bool { geteuid() == 0 }

    /// Makes orphans among our descendants our children, so that none of them is lost (PR_SET_CHILD_SUBREAPER(2const)).
    package static func adoptOrphans() throws(SystemError) {
        try check(koomy_set_child_subreaper(1), "become the subreaper")
    }

    package static var adoptsOrphans: Bool { koomy_get_child_subreaper() == 1 || id == 1 }

    /// The name in ps and top; cut to 15 bytes.
    package static func setName(_ name: String) throws(SystemError) {
        try check(koomy_set_process_name(name), "set the process name", name)
    }

    /// How many descriptors this process may have open; as many as fit an Int where there is no limit.
    package static var descriptorLimit: Int {
        var limit = koomy_limit()
        guard koomy_get_limit(ResourceLimit.Resource.nofile.kernelNumber, &limit) >= 0 else { return 0 }
        return Int(clamping: limit.soft)
    }

    /// Raises the soft limit of open files to the hard one and returns the limit as it was.
    ///
    /// Children get the old one back from `Spawner`: programs that use select(2) break above 1,024.
    package static func raiseDescriptorLimit() throws(SystemError) -> ResourceLimit {
        var limit = koomy_limit()
        let resource = ResourceLimit.Resource.nofile
        try check(koomy_get_limit(resource.kernelNumber, &limit), "getrlimit", resource.rawValue)
        let before = ResourceLimit(resource: resource, soft: limit.soft.asLimit, hard: limit.hard.asLimit)
        if limit.soft < limit.hard {
            limit.soft = limit.hard
            try check(koomy_set_limit(&limit), "setrlimit", resource.rawValue)
        }
        return before
    }
}

extension ThisProcess {
    /// The environment as it is now; names without a value and values that are not UTF-8 are left out.
    package static var environment: [String: String] {
        var found: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            if let text = String(validatingCString: entry), let equals = text.firstIndex(of: "=") {
                found[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return found
    }

    /// The path of the program that runs, or of what has taken its place since; nil where /proc does not tell.
    package static var programPath: String? {
        guard let path = ProcFS.link("/proc/self/exe") else { return nil }
        let suffix = " (deleted)"
        return path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
    }

    /// Whether another file, or none, is where the program that runs came from.
    package static var programWasReplaced: Bool {
        guard let path = programPath, let here = FileIdentity(at: path) else { return true }
        guard let own = try? openExecutable() else { return false }
        return FileIdentity(of: own.number) != here
    }

    /// The numbers of everything that is open.
    package static func openDescriptors() -> [Int32] {
        ((try? Folder.names(in: "/proc/self/fd")) ?? []).compactMap { Int32($0) }.sorted()
    }

    /// A descriptor for each of these files that is open.
    package static func descriptors(of identities: Set<FileIdentity>) -> [Int32] {
        var left = identities
        return openDescriptors().filter { number in
            FileIdentity(of: number).map { left.remove($0) != nil } ?? false
        }
    }

    /// Ends this process at once, with nothing torn down.
    package static func exit(_ status: Int32) -> Never { Glibc._exit(status) }

    /// A path as it is meant from the present folder.
    package static func absolutePath(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }
}
