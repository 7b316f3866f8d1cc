/// A Linux signal by its number (x86_64, aarch64 and riscv64 agree on these).
package struct Signal: Hashable, Sendable {
    package let number: Int32

    /// A signal with this number, 1 to 64; nil for any other.
    package init?(number: Int32) {
        guard (1...64).contains(number) else { return nil }
        self.number = number
    }

    private init(known number: Int32) { self.number = number }

    package static let hangup = Signal(known: 1)
    package static let interrupt = Signal(known: 2)
    package static let quit = Signal(known: 3)
    package static let abort = Signal(known: 6)
    package static let kill = Signal(known: 9)
    package static let user1 = Signal(known: 10)
    package static let user2 = Signal(known: 12)
    package static let terminate = Signal(known: 15)
    package static let child = Signal(known: 17)
    package static let `continue` = Signal(known: 18)
    package static let stop = Signal(known: 19)

    /// The names of signal(7) in the order of their numbers, from 1.
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
}

extension Signal: CustomStringConvertible {
    /// Reads `TERM`, `SIGTERM`, `sigterm`, `15` or `SIG34`; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let index = Self.names.firstIndex(of: name) {
            self.init(known: Int32(index + 1))
        } else if let number = Int32(name), number > 0, name.first != "+" {
            self.init(number: number)
        } else {
            return nil
        }
    }

    /// `SIGTERM`; a real-time signal as `SIG34`.
    package var description: String {
        let index = Int(number) - 1
        return "SIG" + (Self.names.indices.contains(index) ? Self.names[index] : "\(number)")
    }
}

extension Signal: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let signal = Signal(parsing: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a signal: \(text)")
        }
        self = signal
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
