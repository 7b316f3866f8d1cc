import Testing

@testable import KoomySupervisor

struct SubstitutionTests {
    @Test(arguments: [
        ("{slot}", "2"), ("{fd}", "3"), ("{fd:web}", "3"), ("{fd:admin}", "4"), ("{probe_fd}", "5"),
        ("--bind=fd://{fd}", "--bind=fd://3"), ("{fd},{fd:admin},{probe_fd}", "3,4,5"), ("a{slot}b{slot}c", "a2b2c"),
        ("--port=90{slot}1", "--port=9021"),
    ])
    func `placeholders are replaced`(_ text: String, _ expected: String) {
        #expect(Substitution(slot: 2, names: ["web", "admin", "probe"]).apply(text) == expected)
    }

    @Test(arguments: [
        "", "plain", "{", "}", "{}", "}{", "{slot", "slot}", "{Slot}", "{ slot }", "{fd:}", "{fd:other}", "{other}",
        "${HOME}", "{\"json\": [1, 2]}", "{fd:web",
    ])
    func `everything else stays as it is`(_ text: String) {
        #expect(Substitution(slot: 2, names: ["web"]).apply(text) == text)
    }

    @Test func `what is unknown does not keep the others from being replaced`() {
        #expect(Substitution(slot: 7, names: ["web"]).apply("{other} {slot} {fd:none} {fd}") == "{other} 7 {fd:none} 3")
    }

    @Test(arguments: ["{fd}", "{fd:web}", "{probe_fd}"])
    func `without sockets there is no number to give`(_ text: String) {
        #expect(Substitution(slot: 0, names: []).apply(text) == text)
    }

    @Test func `what a placeholder is replaced with is not looked at again`() {
        // Names are data of the file: one that looks like a placeholder is found as it is written.
        #expect(Substitution(slot: 1, names: ["{slot"]).apply("{fd:{slot}") == "3")
    }
}
