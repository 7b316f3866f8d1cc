import CKoomyLinux
import Glibc

/// A cgroup whose subtree was given to this process; no other cgroup is ever changed.
package struct DelegatedCgroup: Hashable, Sendable {
    package let path: String
    /// The controllers that children may have, as `memory` and `cpu`.
    package private(set) var controllers: Set<String>

    /// The cgroup of this process, if it was delegated to us; nil otherwise.
    package static func own() -> DelegatedCgroup? { CgroupFS.own().flatMap(DelegatedCgroup.init(path:)) }

    /// nil unless systemd marked this cgroup as delegated and we may make children in it.
    ///
    /// The mark is an extended attribute that systemd sets on units with Delegate= ("Control Group APIs and
    /// Delegation"): `trusted.delegate`, which root alone can read, or `user.delegate`.
    package init?(path: String) {
        guard Self.isMarked(path), koomy_access(path, W_OK | X_OK) == 0,
            let bytes = ProcFS.read("\(path)/cgroup.controllers", most: 4_096)
        else { return nil }
        self.path = path
        controllers = Set(String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    /// Makes a child cgroup, or takes the one that is there.
    package func makeChild(_ name: String) throws(SystemError) -> ChildCgroup {
        let folder = "\(path)/\(name)"
        let result = koomy_mkdir(folder, 0o755)
        if result != -EEXIST { try check(result, "create the cgroup", folder) }
        return try ChildCgroup(path: folder)
    }

    /// A child that was made before; throws where it is gone.
    package func existingChild(_ name: String) throws(SystemError) -> ChildCgroup {
        try ChildCgroup(path: "\(path)/\(name)")
    }

    /// The delegated cgroup above the subgroup that systemd put this process into (DelegateSubgroup= of
    /// systemd.resource-control(5)); nil where it made none.
    package static func aboveOwnSubgroup() -> DelegatedCgroup? {
        guard let own = CgroupFS.own(), let slash = own.lastIndex(of: "/"), !isMarked(own) else { return nil }
        return DelegatedCgroup(path: String(own[..<slash]))
    }

    /// The same, for children that only hold processes together.
    package var withoutControllers: DelegatedCgroup {
        var plain = self
        plain.controllers = []
        return plain
    }

    /// Gives the children those of the wanted controllers that there are.
    ///
    /// Only a cgroup without processes of its own can have controllers for its children (cgroups(7), "no internal
    /// processes").
    package func enableControllers(_ wanted: [String]) throws(SystemError) {
        let available = wanted.filter(controllers.contains)
        guard !available.isEmpty else { return }
        let text = Array(available.map { "+\($0)" }.joined(separator: " ").utf8)
        try check(koomy_write_file("\(path)/cgroup.subtree_control", text, text.count), "enable controllers", path)
    }

    private static func isMarked(_ path: String) -> Bool {
        ["trusted.delegate", "user.delegate"].contains { name in
            var value: UInt8 = 0
            return koomy_get_attribute(path, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }
}
