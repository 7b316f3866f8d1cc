import KoomyModel
import KoomySystem
import Testing

@testable import KoomySupervisor

struct WorkerEnvironmentTests {
    /// What koomyd may have been started with.
    private static let own = [
        "PATH": "/own/bin", "LANG": "de_DE.UTF-8", "TZ": "Europe/Berlin", "HOME": "/own", "USER": "owner",
        "LOGNAME": "owner", "SHELL": "/own/sh", "SECRET": "1", "NOTIFY_SOCKET": "/run/systemd/notify",
        "LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "stored", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1",
        "JOURNAL_STREAM": "8:1", "INVOCATION_ID": "1", "XDG_RUNTIME_DIR": "/run/user/0", "KOOMY_HOME": "/own/koomy",
        "KOOMY_APP": "outer", "LC_ALL": "C", "LD_PRELOAD": "/own/lib.so", "PORT": "1", "NODE_APP_INSTANCE": "9",
        "NODE_CHANNEL_FD": "3", "NODE_OPTIONS": "--inspect", "SUDO_USER": "somebody",
    ]
    private static let base: Set = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ"]

    private func id() throws -> WorkerID { WorkerID(app: try #require(AppName("web")), serial: 12) }

    @Test func `nothing of koomyd's own leaks but the small base`() throws {
        let environment = WorkerEnvironment.base(try .example(), identity: nil, own: Self.own)
        #expect(Set(environment.keys).subtracting(Self.base).isEmpty)
        #expect(environment["PATH"] == "/own/bin")
        #expect(environment["LANG"] == "de_DE.UTF-8")
        #expect(environment["TZ"] == "Europe/Berlin")
    }

    @Test func `what koomyd has not is not made up, but for PATH`() throws {
        let environment = WorkerEnvironment.base(try .example(), identity: nil, own: [:])
        #expect(environment["PATH"] == ProgramSearch.defaultPath)
        #expect(environment["LANG"] == nil)
        #expect(environment["TZ"] == nil)
    }

    @Test func `home, name and shell are those of the worker's user`() throws {
        let root = ResolvedIdentity(userID: 0, groupID: 0, groups: [])
        let account = try #require(try Accounts.user(number: 0))
        let environment = WorkerEnvironment.base(try .example(), identity: root, own: Self.own)
        #expect(environment["HOME"] == account.home)
        #expect(environment["USER"] == account.name)
        #expect(environment["LOGNAME"] == account.name)
        #expect(environment["SHELL"] == account.shell)
    }

    @Test func `a number without an account has no home, and not koomyd's either`() throws {
        let nobody = ResolvedIdentity(userID: 3_999_999_999, groupID: 0, groups: [])
        let environment = WorkerEnvironment.base(try .example(), identity: nobody, own: Self.own)
        #expect(Set(environment.keys) == ["PATH", "LANG", "TZ"])
    }

    @Test func `what the file declares goes above the base`() throws {
        var spec = try AppSpec.example()
        spec.environment = ["PATH": "/app/bin", "HOME": "/srv", "LANG": "C", "TZ": "", "SECRET": "mine", "EMPTY": ""]
        let environment = WorkerEnvironment.base(spec, identity: nil, own: Self.own)
        for (name, value) in spec.environment { #expect(environment[name] == value) }
    }

    @Test func `koomy's own variables name the worker`() throws {
        let environment = WorkerEnvironment.own(try id(), slot: 3, Generation(7), try .example(), port: nil)
        #expect(
            environment == [
                "KOOMY_APP": "web", "KOOMY_SLOT": "3", "KOOMY_GENERATION": "7", "KOOMY_WORKER": "12",
                "NODE_APP_INSTANCE": "3",
            ]
        )
    }

    @Test func `the slot is also in the variable that the file names`() throws {
        var spec = try AppSpec.example()
        spec.slotVariable = "INSTANCE"
        let environment = WorkerEnvironment.own(try id(), slot: 3, Generation(7), spec, port: nil)
        #expect(environment["INSTANCE"] == "3")
        #expect(environment["KOOMY_SLOT"] == "3")
        #expect(environment["NODE_APP_INSTANCE"] == nil)
    }

    @Test func `a port and a watchdog are told in their units`() throws {
        var spec = try AppSpec.example()
        spec.watchdog = .milliseconds(1_500)
        let environment = WorkerEnvironment.own(try id(), slot: 0, Generation(1), spec, port: 65_535)
        #expect(environment["PORT"] == "65535")
        #expect(environment["WATCHDOG_USEC"] == "1500000")
    }
}
