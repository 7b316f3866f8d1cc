import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("The folders of a daemon", .timeLimit(.minutes(1)))
struct DirectoriesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        stat(path, &status)
        return status.st_mode & 0o7777
    }

    private func error(_ directories: Directories, userID: UInt32 = ThisProcess.userID) -> SystemError? {
        systemError { () throws(SystemError) in try directories.prepare(userID: userID) }
    }

    @Test
    func `root has the system's folders`() throws {
        let found = try Directories(environment: ["HOME": "/root"], userID: 0)
        #expect(found.configuration == "/etc/koomy")
        #expect(found.run == "/run/koomy")
        #expect(found.state == "/var/lib/koomy")
        #expect(found.log == "/var/log/koomy")
        #expect(found.controlSocket == "/run/koomy/control.sock")
        #expect(found.stateFile == "/var/lib/koomy/state.json")
        #expect(found.lockFile == "/var/lib/koomy/lock")
    }

    @Test
    func `a user has those of the XDG specification`() throws {
        let environment = [
            "HOME": "/home/a", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/run/user/1000",
        ]
        let found = try Directories(environment: environment, userID: 1_000)
        #expect(found.configuration == "/c/koomy")
        #expect(found.run == "/run/user/1000/koomy")
        #expect(found.state == "/s/koomy")
        #expect(found.log == "/s/koomy/log")
    }

    @Test
    func `without those variables, or with relative ones, a user has the defaults`() throws {
        let plain = try Directories(environment: ["HOME": "/home/a"], userID: 1_000)
        #expect(plain.configuration == "/home/a/.config/koomy")
        #expect(plain.run == "/tmp/koomy-1000")
        #expect(plain.state == "/home/a/.local/state/koomy")
        #expect(plain.log == "/home/a/.local/state/koomy/log")
        let odd = ["HOME": "/home/a", "XDG_CONFIG_HOME": "c", "XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": "./r"]
        #expect(try Directories(environment: odd, userID: 1_000) == plain)
    }

    @Test
    func `without HOME the account's home is taken, and without an account it is an error`() throws {
        let nobody = try Directories(environment: [:], userID: 65_534)
        let home = try #require(try Accounts.user(number: 65_534)).home
        #expect(nobody.configuration == "\(home)/.config/koomy")
        let error = systemError { () throws(SystemError) in _ = try Directories(environment: [:], userID: 4_000_000).run
        }
        #expect(error?.hint == "set HOME or KOOMY_HOME")
    }

    @Test
    func `KOOMY_HOME holds all of them, for root too`() throws {
        for userID: UInt32 in [0, 1_000] {
            let found = try Directories(environment: ["KOOMY_HOME": "/k", "HOME": "/h"], userID: userID)
            #expect(found.configuration == "/k/config")
            #expect(found.run == "/k/run")
            #expect(found.state == "/k/state")
            #expect(found.log == "/k/log")
        }
        let relative = systemError { () throws(SystemError) in
            _ = try Directories(environment: ["KOOMY_HOME": "k"], userID: 0).run
        }
        #expect(relative?.errno == .invalidArgument)
    }

    @Test
    func `they are made with their modes, and a second time nothing happens`() async {
        // The umask belongs to the whole process.
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            let home = scratch("deep/koomy")
            func mode(_ path: String) -> mode_t {
                var status = stat()
                stat("\(home)/\(path)", &status)
                return status.st_mode & 0o7777
            }
            let directories = try Directories(environment: ["KOOMY_HOME": home])
            for mask: mode_t in [0o077, 0] {
                umask(mask)
                try directories.prepare()
                #expect(mode("run") == (Machine.isRoot ? 0o755 : 0o700))
                #expect(mode("run/notify") == (Machine.isRoot ? 0o755 : 0o700))
                #expect(mode("state") == 0o700)
                #expect(mode("log") == (Machine.isRoot ? 0o750 : 0o700))
            }
            #expect(FileIdentity(at: "\(home)/config") == nil)
        }
    }

    @Test
    func `a folder of another user is refused`() throws {
        let directories = try Directories(environment: ["KOOMY_HOME": scratch("k")])
        let error = error(directories, userID: ThisProcess.userID + 1)
        #expect(error?.errno == .notPermitted)
        #expect(error?.hint?.contains("belongs to user") == true)
    }

    @Test
    func `a folder into which others may write is refused`() throws {
        let directories = try Directories(environment: ["KOOMY_HOME": scratch("k")])
        try directories.prepare()
        chmod(scratch("k/state"), 0o777)
        let error = error(directories)
        #expect(error?.errno == .notPermitted)
        #expect(error?.subject == scratch("k/state"))
        #expect(error?.hint == "others may write to it: chmod 700 \(scratch("k/state"))")
    }

    @Test
    func `a file in the place of a folder is refused`() throws {
        let directories = try Directories(environment: ["KOOMY_HOME": scratch("k")])
        mkdir(scratch("k"), 0o755)
        try scratch.file("k/run")
        #expect(error(directories)?.errno == .notDirectory)
    }

    @Test
    func `in a shared folder a link or an open folder is refused`() throws {
        let owner = ThisProcess.userID
        func error(_ path: String) -> SystemError? {
            systemError { () throws(SystemError) in
                try Folder.make(path, mode: 0o700, ownedBy: owner, isStrict: true)
            }
        }
        symlink(scratch.folder("target"), scratch("link"))
        #expect(error(scratch("link"))?.errno == .notDirectory)
        #expect(error(scratch.folder("open"))?.errno == .notPermitted)
        #expect(error(scratch("fresh")) == nil)
        #expect(error(scratch("fresh")) == nil)
        #expect(mode(scratch("fresh")) == 0o700)
    }
}
