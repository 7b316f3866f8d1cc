import KoomyModel
import KoomyWire
import Testing

@Suite struct TargetTests {
    @Test func `names, slots and all`() throws {
        let api = try #require(AppName("api"))
        #expect(Target(parsing: "api") == .app(api))
        #expect(Target(parsing: "api:0") == .worker(api, slot: 0))
        #expect(Target(parsing: "api:12") == .worker(api, slot: 12))
        #expect(Target(parsing: "all") == .all)
    }

    @Test(arguments: ["api", "api:3", "all"])
    func `a target is written as it is read`(text: String) {
        #expect(Target(parsing: text)?.description == text)
    }

    @Test(arguments: [
        "", ":", ":1", "api:", "api:-1", "api:+1", "api:x", "api:1:2", "api:1234567", "all:0", "a b", "-x", "/tmp/x",
        "api:٣",
    ])
    func `anything else is none, and it is said why`(text: String) {
        #expect(Target(parsing: text) == nil)
        #expect(Target.problem(of: text).contains(text))
    }

    @Test func `changes of the number of workers`() {
        #expect(InstanceChange(parsing: "4") == .exactly(4))
        #expect(InstanceChange(parsing: "0") == .exactly(0))
        #expect(InstanceChange(parsing: "+2") == .by(2))
        #expect(InstanceChange(parsing: "-1") == .by(-1))
        for text in ["", "+", "-", "x", "1.5", "++1", "10001", "999999", " 1", "4x"] {
            #expect(InstanceChange(parsing: text) == nil)
        }
    }

    @Test func `a change cannot lead below nothing or beyond the limit`() {
        #expect(InstanceChange.by(-1).applied(to: 2) == 1)
        #expect(InstanceChange.by(-3).applied(to: 2) == nil)
        #expect(InstanceChange.by(1).applied(to: InstanceChange.limit) == nil)
        #expect(InstanceChange.exactly(3).applied(to: 100) == 3)
    }

    @Test func `requests that cannot be done say why`() {
        #expect(StartRequest(file: "/a.json", only: ["x"]).problem == nil)
        #expect(StartRequest(targets: ["api", "all"]).problem == nil)
        #expect(StartRequest(file: "a.json").problem == "\"file\" has to be an absolute path")
        #expect(StartRequest(targets: []).problem == "\"targets\" is empty")
        var both = StartRequest(file: "/a.json")
        both.targets = ["api"]
        #expect(both.problem == "\"file\" and \"targets\" exclude each other")
        both.file = nil
        both.only = ["x"]
        #expect(both.problem == "\"only\" goes with \"file\"")
        both.targets = nil
        #expect(both.problem == "either \"file\" or \"targets\" is needed")
        #expect(TargetsRequest(targets: ["api", "b c"]).problem?.contains("\"b c\"") == true)
        #expect(ReloadRequest().problem == nil)
        #expect(ReloadRequest(file: "x").problem == "\"file\" has to be an absolute path")
        #expect(ReloadRequest(targets: ["a:x"]).problem == "\"a:x\": a slot is a number from 0, as in a:0")
    }
}
