import KoomyModel
import TestSupport
import Testing

@testable import KoomyConfig

private let files: [(name: String, text: String)] = [
    (
        "a.yaml",
        """
        x-base: &base {max_memory: 300M, env: &env {A: 1, B: "x\\ty"}}
        apps:
          - <<: *base
            name: api
            script: ./server.js
            args: ["--fd", "{fd:http}", '{slot}']
            listen: [{name: http, port: 5000, backlog: 10}, "unix:/run/é.sock", "[::1]:80"]
            health: {http: /health, interval: 10s, retries: 3}
            ready: notify
            cron_restart: "*/5 1-3 * jan,mar mon-fri"
            log_date_format: "YYYY-MM-DD [at] HH:mm:ss.SSS Z"
            log: {rotate: {size: 10M, every: daily, keep: 3, max_age: 14d, total: 1G, compress: gzip}, mode: "0640"}
            limits: {nofile: "1024:65536", as: 2G}
          - name: other   # 😀
            exec: /bin/true
            env: *env
            env_production: {C: [1, {d: null}]}
            unavailable: 25%
            instances: -1
            stop_exit_codes: [0, 3]
            watch: true
            kill_timeout: 1h30m
        """
    ),
    (
        "a.json",
        """
        {"apps": [ // comment
        \t{"name": "api", "script": "./a\\u00e9\\ud83d\\ude00", "args": "--a 'b c'", "instances": "max",
        \t "listen": {"address": "tcp://127.0.0.1:80", "mode": null}, "env": {"A": {"b": [1.5e3, true, null]}}},
        \t{"name": "b", "script": "./b", "health": {"tcp": true, "unix": "/run/{slot}.sock"}, "surge": "50%",
        \t "log": {"format": "json", "full": "block", "rotate": false}, "log_file": true, "merge_logs": false}
        ]}
        """
    ),
    ("e", "- {script: ./a, listen: 80}\n- script: |-\n    ./b\n  name: >-\n    x\n"),
]

@Suite struct MutationTests {
    /// Pieces that mean something to a parser, or to a reader of values.
    private static let pieces = [
        "{", "}", "[", "]", ":", ": ", ",", "\"", "'", "&a ", "*a", "*base", "<<: ", "- ", "\n", "\r\n", "\r", "\t",
        "#", "|", ">", "!!int ", "!x ",
        "---\n", "...\n", "%YAML 1.1\n", "? ", "\\", "\\u", "\\ud83d", "//", "/*", "null", "~", "-1",
        "99999999999999999999", "1e999", ".inf", "0x",
        "é", "😀", "\u{2028}", "\u{85}", "\u{FEFF}", "{fd:", "}", "25%", "10s", "  ", "@", "`", "\u{0}", "\u{7F}",
    ]

    private func mutate(_ text: String, _ generator: inout SeededNumbers) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &generator))
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 3: bytes.removeSubrange(place...)
            case 4 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 5:
                let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                if let line = lines.randomElement(using: &generator) {
                    bytes.insert(contentsOf: line + [0x0A], at: place)
                }
            default:
                bytes.insert(contentsOf: Array((Self.pieces.randomElement(using: &generator) ?? "").utf8), at: place)
            }
        }
        return bytes
    }

    /// Where every line ends, counted as simply as can be.
    private func lineLengths(_ bytes: [UInt8]) -> [Int] {
        var text = String(decoding: bytes, as: UTF8.self)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        var lengths = [0]
        var last: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            if scalar == "\n" && last == "\r" {
                last = scalar
                continue
            }
            if scalar == "\n" || scalar == "\r" { lengths.append(0) } else { lengths[lengths.count - 1] += 1 }
            last = scalar
        }
        return lengths
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a damaged file is read or has problems within it`(seed: UInt64) {
        var generator = SeededNumbers(seed: seed)
        for round in 0..<60 {
            let file = files[round % files.count]
            let bytes = mutate(file.text, &generator)
            let shown: Comment = "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))"
            let diagnostics: [Diagnostic]
            do {
                let ecosystem = try EcosystemFile.parse(bytes: bytes, name: file.name, context: .sample)
                #expect(!ecosystem.apps.isEmpty, shown)
                #expect(Set(ecosystem.apps.map(\.name)).count == ecosystem.apps.count, shown)
                #expect(
                    ecosystem.apps.allSatisfy { $0.instances > 0 && $0.rollout.surge + $0.rollout.unavailable > 0 },
                    shown
                )
                diagnostics = ecosystem.warnings
                #expect(diagnostics.allSatisfy { $0.severity == .warning }, shown)
            } catch {
                diagnostics = error.diagnostics
                #expect(!error.errors.isEmpty, shown)
            }
            let lengths = lineLengths(bytes)
            for diagnostic in diagnostics {
                #expect((1...lengths.count).contains(diagnostic.line), "\(shown) \(diagnostic)")
                let length = lengths[min(lengths.count, max(1, diagnostic.line)) - 1]
                #expect((1...length + 1).contains(diagnostic.column), "\(shown) \(diagnostic)")
                #expect(!diagnostic.message.isEmpty && diagnostic.file == file.name, shown)
                let isOneLine = !diagnostic.description.unicodeScalars.contains(where: SourceText.isControl)
                #expect(isOneLine, shown)
                if let excerpt = diagnostic.excerpt {
                    #expect(excerpt.offset >= 0 && excerpt.offset <= excerpt.text.unicodeScalars.count, shown)
                    #expect(excerpt.length >= 1, shown)
                }
                _ = diagnostic.rendered()
            }
        }
    }

    @Test func `what is mutated is valid`() throws {
        for file in files { #expect(try load(file.text, name: file.name).apps.count == 2) }
    }

    @Test func `reading twice gives the same`() {
        for seed in 0..<50 as Range<UInt64> {
            var generator = SeededNumbers(seed: 1000 + seed)
            let bytes = mutate(files[0].text, &generator)
            let results = (0..<2).map { _ in
                Result { () throws(ConfigurationError) in
                    try EcosystemFile.parse(bytes: bytes, name: "a.yaml", context: .sample)
                }
            }
            #expect(results[0] == results[1])
        }
    }
}
