import KoomyModel
import Testing

@testable import KoomySupervisor

struct ComplaintFilterTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func `the same complaint is told once a second, with the number of those between`() {
        var filter = ComplaintFilter()
        #expect(filter.admit(1, "forged", at: start) == "forged")
        for millisecond in Int64(1)...99 {
            #expect(filter.admit(1, "forged", at: start + .milliseconds(millisecond)) == nil)
        }
        #expect(filter.admit(1, "forged", at: start + .milliseconds(1_000)) == "forged (and 99 more like it)")
        #expect(filter.admit(1, "forged", at: start + .milliseconds(2_000)) == "forged")
    }

    @Test func `other processes and other reasons are told beside it`() {
        var filter = ComplaintFilter()
        #expect(filter.admit(1, "forged", at: start) != nil)
        #expect(filter.admit(1, "too long", at: start) != nil)
        #expect(filter.admit(2, "forged", at: start) != nil)
    }

    @Test func `a crowd is cut short, and heard again later`() {
        var filter = ComplaintFilter()
        let told = (Int32(1)...1_000).filter { filter.admit($0, "forged", at: start) != nil }
        #expect(told.count == 16)
        #expect(filter.admit(5_000, "forged", at: start + .seconds(1)) != nil)
    }
}
