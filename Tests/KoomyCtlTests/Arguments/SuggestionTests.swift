import Testing

@testable import koomyctl

@Suite struct SuggestionTests {
    @Test func `letters that are wrong, missing, too many or swapped count once`() {
        func distance(_ left: String, _ right: String) -> Int { Suggestion.distance(Array(left), Array(right)) }
        #expect(distance("", "") == 0)
        #expect(distance("", "abc") == 3)
        #expect(distance("abc", "abc") == 0)
        #expect(distance("abc", "abd") == 1)
        #expect(distance("abc", "ab") == 1)
        #expect(distance("abc", "acb") == 1)
        #expect(distance("kitten", "sitting") == 3)
        #expect(distance("status", "stauts") == 1)
    }

    @Test func `the closest name is meant`() {
        let known = ["api", "api-worker", "web", "billing"]
        #expect(Suggestion.among(known, for: "ap") == "api")
        #expect(Suggestion.among(known, for: "aip") == "api")
        #expect(Suggestion.among(known, for: "API") == "api")
        #expect(Suggestion.among(known, for: "biling") == "billing")
        #expect(Suggestion.among(known, for: "bill") == "billing")
    }

    @Test func `nothing is guessed where nothing is close`() {
        #expect(Suggestion.among(["api", "web"], for: "frontend") == nil)
        #expect(Suggestion.among([], for: "api") == nil)
        #expect(Suggestion.among(["api"], for: "") == nil)
    }
}
