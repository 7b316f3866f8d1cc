import Glibc
package import KoomyModel

/// An entry of passwd(5).
package struct Account: Hashable, Sendable {
    package var name: String
    package var userID: UInt32
    package var groupID: UInt32
    package var home: String
    package var shell: String
}

/// Users and groups by name or number.
package enum Accounts {
    /// The account of a name, or of a number written in digits; throws ENOENT where there is none.
    package static func user(_ text: String) throws(SystemError) -> Account {
        if let found = try byName(text) { return found }
        if let number = UInt32(text), let found = try user(number: number) { return found }
        throw SystemError("look up user", .noSuchFile, subject: text, hint: "see getent passwd")
    }

    /// nil for a number without an account.
    package static func user(number: UInt32) throws(SystemError) -> Account? {
        try account("\(number)") { getpwuid_r(number, $0, $1, $2, $3) }
    }

    /// The number of a group by name or number; a number need not have an entry.
    package static func group(_ text: String) throws(SystemError) -> UInt32 {
        var entry = group_entry()
        var number: UInt32?
        try withGrowingBuffer("look up group", text) { buffer, size in
            var found: UnsafeMutablePointer<group_entry>?
            let code = getgrnam_r(text, &entry, buffer, size, &found)
            number = found?.pointee.gr_gid
            return code
        }
        if let number = number ?? UInt32(text) { return number }
        throw SystemError("look up group", .noSuchFile, subject: text, hint: "see getent group")
    }

    /// The groups of which an account is a member, its own included (getgrouplist(3)).
    package static func groups(of account: Account) throws(SystemError) -> [UInt32] {
        var capacity: Int32 = 64
        while capacity <= 65_536 {
            var count = capacity
            let groups = [UInt32](unsafeUninitializedCapacity: Int(capacity)) { buffer, filled in
                let result = getgrouplist(account.name, account.groupID, buffer.baseAddress, &count)
                filled = result < 0 ? 0 : Int(count)
            }
            if !groups.isEmpty { return groups }
            capacity = max(capacity * 2, count)
        }
        throw SystemError("list the groups of", .invalidArgument, subject: account.name)
    }

    /// The numbers behind an identity; nil where it names neither a user nor a group.
    ///
    /// A user given as a number without an account needs a group and gets no supplementary ones.
    package static func resolve(_ identity: Identity) throws(SystemError) -> ResolvedIdentity? {
        let group: UInt32? = if let text = identity.group { try self.group(text) } else { nil }
        guard let user = identity.user else {
            guard let group else { return nil }
            return ResolvedIdentity(userID: ThisProcess.userID, groupID: group, groups: [group])
        }
        do throws(SystemError) {
            let account = try self.user(user)
            var groups = try self.groups(of: account)
            let own = group ?? account.groupID
            if !groups.contains(own) { groups.append(own) }
            return ResolvedIdentity(userID: account.userID, groupID: own, groups: groups)
        } catch  where error.errno == .noSuchFile {
            guard let number = UInt32(user), let group else { throw error }
            return ResolvedIdentity(userID: number, groupID: group, groups: [group])
        }
    }

    private typealias group_entry = Glibc.group
    private typealias Buffer = UnsafeMutablePointer<CChar>

    private static func byName(_ name: String) throws(SystemError) -> Account? {
        try account(name) { getpwnam_r(name, $0, $1, $2, $3) }
    }

    private static func account(
        _ subject: String,
        _ lookup: (
            UnsafeMutablePointer<passwd>, Buffer, Int, UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) throws(SystemError) -> Account? {
        var entry = passwd()
        var account: Account?
        try withGrowingBuffer("look up user", subject) { buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let code = lookup(&entry, buffer, size, &found)
            if let found = found?.pointee {
                account = Account(
                    name: String(cString: found.pw_name),
                    userID: found.pw_uid,
                    groupID: found.pw_gid,
                    home: String(cString: found.pw_dir),
                    shell: String(cString: found.pw_shell)
                )
            }
            return code
        }
        return account
    }

    /// Calls a function of getpwnam_r(3)'s kind until its buffer is large enough.
    private static func withGrowingBuffer(
        _ operation: StaticString,
        _ subject: String,
        _ body: (Buffer, Int) -> Int32
    ) throws(SystemError) {
        var size = 1_024
        while true {
            let code = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                buffer.baseAddress.map { body($0, size) } ?? ENOMEM
            }
            switch code {
            // What "not found" may look like, by the man page.
            case 0, ENOENT, ESRCH: return
            case ERANGE where size < 1 << 20: size *= 4
            case EINTR: continue
            default: throw SystemError(operation, Errno(code), subject: subject)
            }
        }
    }
}

extension Accounts {
    /// The number of a user by name or number; a number need not have an account.
    package static func resolveUserID(_ text: String) throws(SystemError) -> UInt32 {
        do throws(SystemError) {
            return try user(text).userID
        } catch  where error.errno == .noSuchFile {
            guard let number = UInt32(text) else { throw error }
            return number
        }
    }
}
