import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("Users and groups")
struct AccountsTests {
    @Test
    func `root is known by name and by number`() throws {
        let root = try Accounts.user("root")
        #expect(root.userID == 0)
        #expect(root.groupID == 0)
        #expect(root.home == "/root")
        #expect(try Accounts.user("0") == root)
        #expect(try Accounts.user(number: 0) == root)
        #expect(try Accounts.group("root") == 0)
        #expect(try Accounts.group("0") == 0)
    }

    @Test
    func `an unknown user or group is named in the error`() {
        let user = systemError { () throws(SystemError) in _ = try Accounts.user("no-such-user") }
        #expect(user?.errno == .noSuchFile)
        #expect(user?.description.hasPrefix("look up user no-such-user: No such file or directory (ENOENT)") == true)
        let group = systemError { () throws(SystemError) in _ = try Accounts.group("no-such-group") }
        #expect(group?.subject == "no-such-group")
    }

    @Test
    func `a number without an entry is nil for a user and itself for a group`() throws {
        #expect(try Accounts.user(number: 4_000_000) == nil)
        #expect(try Accounts.group("4000000") == 4_000_000)
        #expect(try Accounts.resolveUserID("4000000") == 4_000_000)
    }

    @Test
    func `the groups of an account hold its own`() throws {
        let nobody = try Accounts.user("nobody")
        #expect(try Accounts.groups(of: nobody).contains(nobody.groupID))
    }

    @Test
    func `an identity without user and group is nobody else`() throws {
        #expect(try Accounts.resolve(Identity()) == nil)
    }

    @Test
    func `a user brings the groups of the account`() throws {
        let daemon = try Accounts.user("daemon")
        let resolved = try Accounts.resolve(Identity(user: "daemon"))
        #expect(resolved?.userID == daemon.userID)
        #expect(resolved?.groupID == daemon.groupID)
        #expect(try resolved?.groups == Accounts.groups(of: daemon))
        #expect(try Accounts.resolve(Identity(user: "\(daemon.userID)")) == resolved)
    }

    @Test
    func `a group of its own is added to those of the user`() throws {
        let resolved = try #require(try Accounts.resolve(Identity(user: "daemon", group: "4000000")))
        #expect(resolved.groupID == 4_000_000)
        #expect(resolved.groups.contains(4_000_000))
    }

    @Test
    func `a group alone keeps our user`() throws {
        let resolved = try Accounts.resolve(Identity(group: "1"))
        #expect(resolved == ResolvedIdentity(userID: ThisProcess.userID, groupID: 1, groups: [1]))
    }

    @Test
    func `a number without an account needs a group`() throws {
        let alone = systemError { () throws(SystemError) in _ = try Accounts.resolve(Identity(user: "4000000")) }
        #expect(alone?.errno == .noSuchFile)
        let both = try Accounts.resolve(Identity(user: "4000000", group: "4000001"))
        #expect(both == ResolvedIdentity(userID: 4_000_000, groupID: 4_000_001, groups: [4_000_001]))
    }
}
