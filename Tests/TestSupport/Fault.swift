internal import Glibc

/// What a debug build of koomyd is made to suffer at one of its effects on the world outside (CKoomyLinux, fault.c).
package struct Fault: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, CaseIterable, Sendable {
        /// Nothing happens; the effects are only counted.
        case count
        case dieBefore = "die-before"
        case dieAfter = "die-after"
        /// Death in the middle of what is written.
        case tear
        /// The call fails with the error that is likely for it, and is not made.
        case fail
    }

    package var kind: Kind
    /// Which effect, from 1.
    package var point: Int

    package init(_ kind: Kind, at point: Int = 0) {
        self.kind = kind
        self.point = point
    }

    package var description: String { "\(kind.rawValue):\(point)" }
    package var isDeath: Bool { kind != .count && kind != .fail }

    /// The environment of a koomyd that is started in its workspace's folder.
    ///
    /// Effects on what has one of the `spared` texts in its name are not counted.
    package func environment(sparing spared: [String]) -> [String: String] {
        ["KOOMY_FAULT": "\(self),from:fault.mark,log:fault.log,spare:\(spared.joined(separator: ";"))"]
    }

    /// The environment of one that has nothing to suffer.
    package static let noEnvironment = ["KOOMY_FAULT": ""]

    /// From now on it counts.
    package static func arm(in workspace: Workspace) throws { try workspace.write("", to: "fault.mark") }

    /// From now on nothing is struck any more.
    package static func disarm(in workspace: Workspace) {
        let file = open(workspace("fault.mark"), O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        // The counts that are shared with koomyd, beyond every point.
        let counts: [UInt32] = [1 << 30, 1 << 30]
        _ = counts.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    }

    /// An effect as it was noted.
    package struct Effect: Sendable {
        /// Which it is of the effects, and of the effects and the calls that only take something.
        package var number: Int
        package var numberOfAll: Int
        /// As `fsync /tmp/x`; beginning with `+` where it only takes something.
        package var name: String

        package var isNeed: Bool { name.hasPrefix("+") }
        /// Whether a part of it can have happened.
        package var isWrite: Bool { ["write ", "append ", "splice "].contains { name.hasPrefix($0) } }
    }

    /// The effects so far.
    package static func effects(in workspace: Workspace) -> [Effect] {
        Files.lines(of: workspace("fault.log")).compactMap { line in
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count == 3, let number = Int(words[0]), let all = Int(words[1]) else { return nil }
            return Effect(number: number, numberOfAll: all, name: String(words[2]))
        }
    }

    /// What it struck; nil where it was not reached.
    package func victim(in workspace: Workspace) -> String? {
        Self.effects(in: workspace).first { effect in
            kind == .fail ? effect.numberOfAll == point : effect.number == point && !effect.isNeed
        }?.name
    }
}
