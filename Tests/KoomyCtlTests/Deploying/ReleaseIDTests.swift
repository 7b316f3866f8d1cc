import Testing

@testable import koomyctl

@Suite struct ReleaseIDTests {
    private let revision = "1a2b3c4d5e6f"

    @Test func `it says when it was made and what the code is`() {
        let id = ReleaseID(milliseconds: 1_795_194_296_789, revision: revision)
        #expect(id.text == "20261120T170456Z-1a2b3c4")
        #expect(ReleaseID(milliseconds: 0, revision: revision).text == "19700101T000000Z-1a2b3c4")
        #expect(ReleaseID(id.text) == id)
    }

    @Test(arguments: [
        "", "current", ".incoming-20261120T170456Z-1a2b3c4", "20261120T170456Z", "20261120T170456Z-",
        "20261120-1a2b3c4",
        "20261120T170456Z-1A2B3C4", "20261120T170456Z-1a2b3c", "20261120T170456Z-1a2b3c4-1",
        "20261120T170456Z-1a2b3c4-2",
        "20261120T170456Z-1a2b3c4-x", "20261120T170456Z-1a2b3c4-2-3", "20261120T170456Z-1a2b3c4/..", "../../etc",
    ])
    func `any other name is no release's`(text: String) {
        #expect(ReleaseID(text) == nil)
    }

    @Test func `the newest is the last`() {
        let texts = [
            "20261120T170456Z-1a2b3c4", "20261120T170457Z-0000000",
            "20270101T000000Z-0000000",
        ]
        let ids = texts.compactMap { ReleaseID($0) }
        #expect(ids.count == texts.count && ids.reversed().sorted() == ids)
    }

    @Test func `one that is made is later than all that are there, whatever the clock says`() throws {
        let others = ["20261231T235959Z-fffffff", "20261120T170456Z-1a2b3c4"].compactMap { ReleaseID($0) }
        for now in [Int64(0), 1_795_194_296_000, 1_798_761_599_999] {
            let id = ReleaseID(milliseconds: now, revision: revision, after: others)
            #expect(id.text == "20270101T000000Z-1a2b3c4" && others.allSatisfy { $0 < id })
        }
        #expect(
            ReleaseID(milliseconds: 1_798_761_601_000, revision: revision, after: others).text.hasPrefix(
                "20270101T000001Z"
            )
        )
        #expect(UTCStamp.milliseconds(of: "20261120T170456Z") == 1_795_194_296_000)
    }

    @Test func `what is incomplete is no release`() {
        let names = [
            ".", "..", ".logs", ".20261120T170456Z-1a2b3c4.json", "20261120T170456Z-1a2b3c4",
            "20261120T170500Z-1a2b3c4",
            "20261120T170600Z-1a2b3c4", ".incoming-20261120T170500Z-1a2b3c4", ".failed-20261120T170400Z-1a2b3c4",
            "mine",
        ]
        #expect(
            DeployLayout.complete(among: names).map(\.text)
                == ["20261120T170600Z-1a2b3c4", "20261120T170456Z-1a2b3c4"]
        )
        #expect(names.compactMap(DeployLayout.incomplete(named:)).map(\.text) == ["20261120T170500Z-1a2b3c4"])
        #expect(names.compactMap(DeployLayout.failed(named:)).map(\.text) == ["20261120T170400Z-1a2b3c4"])
    }
}
