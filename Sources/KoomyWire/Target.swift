package import KoomyModel

/// What a command is about: `NAME`, `NAME:SLOT` or `all`.
package enum Target: Hashable, Sendable {
    case all
    case app(AppName)
    case worker(AppName, slot: Int)

    /// Reads a target; nil for anything that is none.
    package init?(parsing text: some StringProtocol) {
        if text == AppName.everyApp {
            self = .all
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let name = AppName(first) else { return nil }
        guard parts.count == 2 else {
            self = .app(name)
            return
        }
        guard let slot = Self.slot(parts[1]) else { return nil }
        self = .worker(name, slot: slot)
    }

    /// Why a text is no target, as a sentence.
    package static func problem(of text: String) -> String {
        let name = text.prefix { $0 != ":" }
        if name == AppName.everyApp { return "\"\(text)\": all has no slots" }
        if AppName(name) == nil {
            return "\"\(text)\" is not an app name: 1 to 64 letters, digits, \".\", \"_\" and \"-\" are"
        }
        return "\"\(text)\": a slot is a number from 0, as in \(name):0"
    }

    private static func slot(_ text: some StringProtocol) -> Int? {
        guard (1...6).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

extension Target: CustomStringConvertible {
    package var description: String {
        switch self {
        case .all: AppName.everyApp
        case .app(let name): name.text
        case .worker(let name, let slot): "\(name.text):\(slot)"
        }
    }
}

/// How many workers `scale` asks for: `4`, `+1` or `-1`.
package enum InstanceChange: Hashable, Sendable {
    case exactly(Int)
    /// That many more, or fewer where negative.
    case by(Int)

    /// The most workers that an app can be asked to have.
    package static let limit = 10_000

    /// Reads a change; nil for anything else and for more than `limit`.
    package init?(parsing text: some StringProtocol) {
        let digits = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits), number <= Self.limit
        else { return nil }
        switch text.first {
        case "+": self = .by(number)
        case "-": self = .by(-number)
        default: self = .exactly(number)
        }
    }

    /// The number of workers that comes of it; nil where that is below 0 or above `limit`.
    package func applied(to current: Int) -> Int? {
        let wanted =
            switch self {
            case .exactly(let count): count
            case .by(let difference): current + difference
            }
        return (0...Self.limit).contains(wanted) ? wanted : nil
    }
}
