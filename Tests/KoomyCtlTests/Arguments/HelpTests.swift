import KoomyWire
import Testing

@testable import koomyctl

@Suite struct HelpTests {
    @Test func `the overview names every command, every global option and every exit code`() {
        let text = Help.overview()
        for command in CommandName.allCases { #expect(text.contains("\n  \(command.rawValue)")) }
        for option in Option.global { #expect(text.contains(option.text)) }
        for code in ExitCode.allCases { #expect(text.contains("\n  \(code.rawValue) ")) }
    }

    @Test func `the overview fits a terminal`() {
        for line in Help.overview().split(separator: "\n") { #expect(line.count <= 90, "\(line)") }
    }

    @Test(arguments: CommandName.allCases)
    func `the help of a command names its options and aliases`(command: CommandName) {
        let text = Help.text(of: command)
        for option in command.options + Option.global { #expect(text.contains(option.text)) }
        for alias in command.aliases { #expect(text.contains(alias)) }
        for line in text.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
        #expect(!text.contains("\n\n\n"))
    }

    @Test func `no two commands share a word, and no two options a letter`() {
        #expect(Set(CommandName.words).count == CommandName.words.count)
        let letters = Option.allCases.compactMap(\.letter)
        #expect(Set(letters).count == letters.count)
    }

    @Test func `every option has a command`() {
        let used = Set(CommandName.allCases.flatMap(\.options) + Option.global + [.version])
        #expect(used == Set(Option.allCases))
    }
}
