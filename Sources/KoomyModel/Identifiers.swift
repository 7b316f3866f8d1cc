/// The name of an app: 1 to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit.
///
/// It is part of file names, of environment variables' values and of URLs, so nothing that needs quoting is allowed.
package struct AppName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count), let first = bytes.first, Self.isAlphanumeric(first),
            bytes.allSatisfy({ Self.isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }),
            text != Self.everyApp
        else { return nil }
        self.text = String(text)
    }

    /// The word that means every app where a target is expected; no app can have it as its name.
    package static let everyApp = "all"

    package var description: String { text }

    package static func < (left: AppName, right: AppName) -> Bool { left.text < right.text }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

extension AppName: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = AppName(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an app name: \(text)")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Counts the rollouts of an app; every worker carries the generation whose specification it was started from.
package struct Generation: Hashable, Sendable, Comparable, Codable {
    package var number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static func < (left: Generation, right: Generation) -> Bool { left.number < right.number }
}

/// One process of an app.
///
/// The serial is never used twice in a daemon's life, so a late fact about a worker that has gone cannot be taken for
/// one about its successor.
package struct WorkerID: Hashable, Sendable, Comparable, Codable {
    package var app: AppName
    package var serial: UInt64

    package init(app: AppName, serial: UInt64) {
        self.app = app
        self.serial = serial
    }

    package static func < (left: WorkerID, right: WorkerID) -> Bool {
        (left.app, left.serial) < (right.app, right.serial)
    }
}

/// A request that waits for its answer; given by whoever asks.
package struct RequestID: Hashable, Sendable, Codable {
    package var number: UInt64

    package init(_ number: UInt64) { self.number = number }
}
