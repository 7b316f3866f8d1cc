/// The keys of one kind of mapping, in their own spelling; camelCase is accepted for each.
protocol Vocabulary: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// Other names of the same thing.
    var aliases: [String] { get }
}

extension Vocabulary {
    var aliases: [String] { [] }

    /// Every name with what it stands for.
    static var names: [String: Self] {
        var names: [String: Self] = [:]
        for key in allCases {
            for name in [key.rawValue] + key.aliases { names[name] = key }
        }
        return names
    }
}
