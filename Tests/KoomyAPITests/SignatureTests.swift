import Testing

@testable import koomy_api

struct SignatureTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// FIPS 180-4, the examples of NIST's "Cryptographic Standards and Guidelines".
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func `SHA-256 of the standard's examples`(text: String, digest: String) {
        #expect(hex(SHA256.digest(of: Array(text.utf8))) == digest)
    }

    @Test func `SHA-256 of a million times a`() {
        let digest = SHA256.digest(of: [UInt8](repeating: 0x61, count: 1_000_000))
        #expect(hex(digest) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `the parts make no difference`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        for cut in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 299] {
            let parts = [Array(bytes[..<cut]), Array(bytes[cut...])]
            #expect(
                SHA256.authenticationCode(of: parts, key: [1]) == SHA256.authenticationCode(of: [bytes], key: [1])
            )
        }
    }

    /// RFC 4231, cases 1, 2, 3 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `HMAC of the RFC's examples`(key: [UInt8], message: [UInt8], code: String) {
        #expect(hex(SHA256.authenticationCode(of: [message], key: key)) == code)
    }

    private let body = Array(#"{"id":"evt_1"}"#.utf8)

    private func header(time: Int64, secret: String = "s3cret", body: [UInt8]? = nil) -> String {
        "t=\(time),v1=\(hex(SHA256.authenticationCode(of: [Array("\(time).".utf8), body ?? self.body], key: Array(secret.utf8))))"
    }

    @Test func `a right signature is taken`() throws {
        try StripeSignature(parsing: header(time: 1_000)).verify(body, secret: "s3cret", now: 1_000)
    }

    @Test func `one right value among several is enough`() throws {
        let wrong = String(repeating: "0", count: 64)
        let good = header(time: 1_000)
        try StripeSignature(parsing: "\(good),v1=\(wrong),v0=\(wrong)").verify(body, secret: "s3cret", now: 1_000)
        let right = good.split(separator: "=").last.map(String.init) ?? ""
        try StripeSignature(parsing: "t=1000,v1=\(wrong),v1=\(right)").verify(body, secret: "s3cret", now: 1_000)
        try StripeSignature(parsing: "v1=\(right), t=1000").verify(body, secret: "s3cret", now: 1_000)
    }

    @Test(arguments: [700, 1_300]) func `300 seconds off is near enough`(now: Int64) throws {
        try StripeSignature(parsing: header(time: 1_000)).verify(body, secret: "s3cret", now: now)
    }

    @Test(arguments: [699, 1_301, 0, Int64.max]) func `more than 300 seconds off is not`(now: Int64) {
        #expect(throws: StripeSignature.Problem.outsideTolerance) {
            try StripeSignature(parsing: header(time: 1_000)).verify(body, secret: "s3cret", now: now)
        }
    }

    @Test func `another body, secret or time is a mismatch`() {
        let cases: [(String, [UInt8], String)] = [
            (header(time: 1_000), Array(#"{"id":"evt_2"}"#.utf8), "s3cret"),
            (header(time: 1_000), body, "other"),
            ("t=1001," + (header(time: 1_000).split(separator: ",").last ?? ""), body, "s3cret"),
            ("t=01000," + (header(time: 1_000).split(separator: ",").last ?? ""), body, "s3cret"),
        ]
        for (header, body, secret) in cases {
            #expect(throws: StripeSignature.Problem.mismatch) {
                try StripeSignature(parsing: header).verify(body, secret: secret, now: 1_000)
            }
        }
    }

    @Test(arguments: [
        "", "t=1", "v1=00", "t=,v1=", "t=-5,v1=\(String(repeating: "0", count: 64))", "t=x,v1=y", "nonsense",
        "t=1,v0=\(String(repeating: "0", count: 64))", "t=1,v1=\(String(repeating: "0", count: 63))",
    ])
    func `what is of another form is malformed`(header: String) {
        #expect(throws: StripeSignature.Problem.malformed) { try StripeSignature(parsing: header) }
    }

    @Test func `comparing looks at every byte`() {
        #expect(StripeSignature.isEqual([1, 2, 3], [1, 2, 3]))
        #expect(!StripeSignature.isEqual([1, 2, 3], [1, 2, 4]))
        #expect(!StripeSignature.isEqual([1, 2, 3], [0, 2, 3]))
        #expect(!StripeSignature.isEqual([1, 2], [1, 2, 3]))
    }
}
