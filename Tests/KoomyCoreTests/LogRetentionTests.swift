import KoomyCore
import KoomyModel
import Testing

struct LogRetentionTests {
    private static let now = WallTime(nanoseconds: 1_800_000_000_000_000_000)

    /// A file that was put aside so many minutes ago.
    private func log(_ file: String = "out", minutesAgo: Int64, size: UInt64 = 100) -> KeptLog {
        // The later, the greater, and any number of them: the stamp of a name is only compared.
        let place = 50_000_000 - minutesAgo
        let name = RotatedName(stamp: "\(place)T000000Z")
        let modified = WallTime(nanoseconds: Self.now.nanoseconds - TimeSpan.seconds(minutesAgo * 60).nanoseconds)
        return KeptLog(path: "\(file) \(minutesAgo)", name: name, size: size, modified: modified)
    }

    private func rotation(
        keep: Int? = nil,
        maxAge: TimeSpan? = nil,
        total: UInt64? = nil
    ) -> LogRotation {
        var rotation = LogRotation()
        rotation.keep = keep
        rotation.maxAge = maxAge
        rotation.total = total.map { ByteCount(bytes: $0) }
        return rotation
    }

    @Test func `without bounds everything stays`() {
        let files = [(0..<1_000).map { log(minutesAgo: $0, size: .max / 2) }]
        #expect(rotation().surplus(of: files, at: Self.now) == [])
        #expect(rotation(keep: 0, maxAge: .zero, total: 0).surplus(of: [], at: Self.now) == [])
        #expect(rotation(keep: 0, maxAge: .zero, total: 0).surplus(of: [[], []], at: Self.now) == [])
    }

    @Test func `so many of each file stay, and those are the newest`() {
        let files = [
            (0..<5).map { log("out", minutesAgo: $0) }.shuffled(),
            (10..<12).map { log("error", minutesAgo: $0) }.shuffled(),
        ]
        #expect(rotation(keep: 3).surplus(of: files, at: Self.now) == ["out 4", "out 3"])
        #expect(rotation(keep: 5).surplus(of: files, at: Self.now) == [])
        let all = rotation(keep: 0).surplus(of: files, at: Self.now)
        #expect(all == ["error 11", "error 10", "out 4", "out 3", "out 2", "out 1", "out 0"])
    }

    @Test func `what is older than it may be goes, to the second`() {
        let files = [[log(minutesAgo: 59), log(minutesAgo: 60), log(minutesAgo: 61)]]
        #expect(rotation(maxAge: .seconds(3_600)).surplus(of: files, at: Self.now) == ["out 61"])
        let later = WallTime(nanoseconds: Self.now.nanoseconds + 1)
        #expect(rotation(maxAge: .seconds(3_600)).surplus(of: files, at: later) == ["out 61", "out 60"])
    }

    @Test func `what is from the future is not old`() {
        let files = [[log(minutesAgo: -1_000_000), log(minutesAgo: -1), log(minutesAgo: 1)]]
        #expect(rotation(maxAge: .zero).surplus(of: files, at: Self.now) == ["out 1"])
        // It counts all the same, and is the newest.
        #expect(rotation(keep: 1).surplus(of: files, at: Self.now) == ["out 1", "out -1"])
    }

    @Test func `all files of an app share its space, and the oldest go first`() {
        let files = [[1, 3, 5].map { log("out", minutesAgo: $0) }, [2, 4, 6].map { log("error", minutesAgo: $0) }]
        #expect(rotation(total: 600).surplus(of: files, at: Self.now) == [])
        #expect(rotation(total: 599).surplus(of: files, at: Self.now) == ["error 6"])
        #expect(rotation(total: 250).surplus(of: files, at: Self.now) == ["error 6", "out 5", "error 4", "out 3"])
        #expect(rotation(total: 0).surplus(of: files, at: Self.now).count == 6)
    }

    @Test func `nothing that is older than one that went stays for being small`() {
        let files = [[log(minutesAgo: 1), log(minutesAgo: 2, size: 1_000), log(minutesAgo: 3, size: 1)]]
        #expect(rotation(total: 500).surplus(of: files, at: Self.now) == ["out 3", "out 2"])
    }

    @Test func `what goes for another reason takes no space`() {
        let files = [(1...4).map { log(minutesAgo: $0) }]
        #expect(rotation(keep: 2, total: 200).surplus(of: files, at: Self.now) == ["out 4", "out 3"])
        #expect(rotation(keep: 3, maxAge: .seconds(150), total: 100).surplus(of: files, at: Self.now).count == 3)
    }

    @Test func `sizes that no number holds are too much`() {
        let files = [[log(minutesAgo: 1), log(minutesAgo: 2, size: .max), log(minutesAgo: 3, size: .max)]]
        #expect(rotation(total: .max).surplus(of: files, at: Self.now) == [])
        #expect(rotation(total: .max - 1).surplus(of: files, at: Self.now) == ["out 3", "out 2"])
    }

    @Test func `whatever there is, the bounds hold afterwards and nothing goes twice`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let files = ["out", "error", "all"].map { name in
                (0..<Int64.random(in: 0...20)).map {
                    log(name, minutesAgo: $0 * 3 - 5, size: .random(in: 0...1_000, using: &random))
                }
            }
            let bounds = rotation(
                keep: Bool.random() ? .random(in: 0...15) : nil,
                maxAge: Bool.random() ? .seconds(.random(in: 0...3_600)) : nil,
                total: Bool.random() ? .random(in: 0...20_000) : nil
            )
            let gone = bounds.surplus(of: files, at: Self.now)
            #expect(Set(gone).count == gone.count)
            let left = files.map { $0.filter { !gone.contains($0.path) } }
            if let keep = bounds.keep { #expect(left.allSatisfy { $0.count <= keep }) }
            if let total = bounds.total { #expect(left.joined().reduce(0) { $0 + $1.size } <= total.bytes) }
            if let age = bounds.maxAge?.nanoseconds {
                #expect(left.joined().allSatisfy { Self.now.nanoseconds - $0.modified.nanoseconds <= age })
            }
            // Of one file the newest stay.
            for (file, kept) in zip(files, left) {
                #expect(Set(file.sorted { $0.name > $1.name }.prefix(kept.count)) == Set(kept))
            }
            #expect(bounds.surplus(of: left, at: Self.now) == [])
        }
    }
}
