import KoomyModel

/// Where every socket of our network namespace listens, at one moment.
package struct ListeningSockets: Sendable {
    private var addresses: [UInt64: LocalAddress] = [:]

    /// Asks the kernel, which takes a fraction of a millisecond.
    ///
    /// What it cannot list is left out.
    package static func take() -> ListeningSockets {
        var found = ListeningSockets()
        for family in SocketList.Family.allCases {
            guard let list = try? SocketList(family, .listening) else { continue }
            while (try? list.next { found.addresses[$0] = $1 }) == false {}
        }
        return found
    }

    /// Where these processes listen, but for the sockets with one of these inodes.
    ///
    /// Only the 512 lowest descriptors of each process are looked at: what listens was opened early. What may not be looked
    /// at is left out.
    package func addresses(of processes: [ProcessID], except: Set<UInt64> = []) -> Set<LocalAddress> {
        var found: Set<LocalAddress> = []
        for pid in processes {
            guard let holder = try? SocketHolder(pid) else { continue }
            for _ in 0..<4 {
                let isOver = try? holder.next { inode in
                    if !except.contains(inode), let address = addresses[inode] { found.insert(address) }
                }
                guard isOver == false else { break }
            }
        }
        return found
    }
}
