import Testing

@testable import koomyctl

@Suite struct ReleaseRetentionTests {
    private func ids(_ numbers: [Int]) -> [ReleaseID] {
        numbers.map { ReleaseID(milliseconds: Int64($0) * 1_000, revision: "1a2b3c4") }
    }

    private func surplus(_ all: [Int], keep: Int, needed: [Int]) -> [ReleaseID] {
        ReleaseRetention.surplus(ids(all), keep: keep, needed: Set(ids(needed)))
    }

    @Test func `the newest stay`() {
        #expect(surplus([3, 1, 5, 2, 4], keep: 2, needed: []) == ids([1, 2, 3]))
        #expect(surplus([1, 2], keep: 2, needed: []).isEmpty)
        #expect(surplus([], keep: 2, needed: [7]).isEmpty)
    }

    @Test func `what is needed stays, and counts`() {
        #expect(surplus([1, 2, 3, 4, 5], keep: 2, needed: [1]) == ids([2, 3, 4]))
        #expect(surplus([1, 2, 3, 4, 5], keep: 2, needed: [1, 2, 3]) == ids([4, 5]))
        #expect(surplus([1, 2, 3], keep: 1, needed: [2, 3]) == ids([1]))
    }

    @Test func `of any number, what is needed and as many as wanted stay`() {
        for count in 0...8 {
            for keep in 1...9 {
                for mask in 0..<(1 << count) {
                    let all = Array(0..<count)
                    let needed = all.filter { mask & 1 << $0 != 0 }
                    let gone = surplus(all, keep: keep, needed: needed)
                    let stays = Set(ids(all)).subtracting(gone)
                    #expect(stays.isSuperset(of: ids(needed)))
                    #expect(stays.count == min(count, max(keep, needed.count)))
                }
            }
        }
    }
}
