import Glibc

/// The four folders of a daemon.
package struct Directories: Hashable, Sendable {
    /// Where configuration is looked for; never created.
    package var configuration: String
    /// Sockets; empty after a boot.
    package var run: String
    package var state: String
    package var log: String
    /// Folders of a user, or of root: whether others may pass through `run`.
    private var isSystemWide: Bool
    /// `run` is in a place where anybody may create, so it is taken only if it is ours alone.
    private var runIsInSharedFolder = false

    /// The folders of this user by the environment: those of KOOMY_HOME where it is set, the system's for root, else
    /// those of the XDG Base Directory Specification.
    package init(environment: [String: String], userID: UInt32 = ThisProcess.userID) throws(SystemError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        isSystemWide = userID == 0
        if let home = value("KOOMY_HOME") {
            guard home.hasPrefix("/") else {
                throw SystemError("use KOOMY_HOME", .invalidArgument, subject: home, hint: "it has to be absolute")
            }
            configuration = "\(home)/config"
            run = "\(home)/run"
            state = "\(home)/state"
            log = "\(home)/log"
        } else if userID == 0 {
            configuration = "/etc/koomy"
            run = "/run/koomy"
            state = "/var/lib/koomy"
            log = "/var/log/koomy"
        } else {
            // The specification: a path that is not absolute is ignored.
            func folder(_ name: String) -> String? { value(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
            let account = folder("HOME") == nil ? try Accounts.user(number: userID)?.home : nil
            guard let home = folder("HOME") ?? account else {
                throw SystemError(
                    "find the home folder",
                    .noSuchFile,
                    subject: "\(userID)",
                    hint: "set HOME or KOOMY_HOME"
                )
            }
            configuration = (folder("XDG_CONFIG_HOME") ?? "\(home)/.config") + "/koomy"
            state = (folder("XDG_STATE_HOME") ?? "\(home)/.local/state") + "/koomy"
            log = "\(state)/log"
            if let runtime = folder("XDG_RUNTIME_DIR") {
                run = "\(runtime)/koomy"
            } else {
                run = "/tmp/koomy-\(userID)"
                runIsInSharedFolder = true
            }
        }
    }

    package var controlSocket: String { "\(run)/control.sock" }
    /// Where the keeper of descriptors listens.
    package var keeperSocket: String { "\(run)/keeper.sock" }
    /// What koomyd is doing, for the one that follows it.
    package var journal: String { "\(run)/journal" }
    /// How far log lines are on their way that a koomyd was carrying when it died.
    package var logReceipt: String { "\(run)/log-receipt" }
    /// What log files have to say that they cannot yet.
    package var logDebts: String { "\(run)/log-debts" }
    package var stateFile: String { "\(state)/state.json" }
    package var lockFile: String { "\(state)/lock" }
    /// The folder of the workers' notify sockets.
    package var notifySockets: String { "\(run)/notify" }

    /// Creates what is missing and checks what is there; throws with a hint where a folder cannot be trusted.
    package func prepare(userID: UInt32 = ThisProcess.userID) throws(SystemError) {
        // Workers of other users have to reach their notify socket; what is in the folders has modes of its own.
        let open: UInt32 = isSystemWide ? 0o755 : 0o700
        try Folder.make(run, mode: open, ownedBy: userID, isStrict: runIsInSharedFolder)
        try Folder.make(notifySockets, mode: open, ownedBy: userID)
        try Folder.make(state, mode: 0o700, ownedBy: userID)
        try Folder.make(log, mode: isSystemWide ? 0o750 : 0o700, ownedBy: userID)
    }
}
