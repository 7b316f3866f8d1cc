import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("parts of the control server")
struct ControlPartsTests {
    @Test(
        arguments: [
            ("/", [], [:]), ("/v1", ["v1"], [:]), ("/v1/", ["v1", ""], [:]), ("/a//b", ["a", "", "b"], [:]),
            ("/v1/apps/a%20b", ["v1", "apps", "a b"], [:]), ("/a%2Fb", ["a/b"], [:]), ("/%C3%A9", ["é"], [:]),
            ("/a?b=c&d=e", ["a"], ["b": "c", "d": "e"]), ("/a?b", ["a"], ["b": ""]), ("/a?", ["a"], [:]),
            ("/a?b=1&b=2", ["a"], ["b": "1"]), ("/a?b=c=d&&%62c=%3D", ["a"], ["b": "c=d", "bc": "="]),
            ("/a?b=http://c", ["a"], ["b": "http://c"]), ("http://host:80/a?b=c", ["a"], ["b": "c"]),
            ("http://host?b=c", [], ["b": "c"]), ("*", [], [:]), ("", [], [:]),
        ] as [(String, [String], [String: String])]
    )
    func `a target is taken apart`(text: String, segments: [String], query: [String: String]) throws {
        let target = try #require(RequestTarget(parsing: text))
        #expect(target.segments == segments && target.query == query)
    }

    @Test(arguments: ["/%", "/%1", "/%zz", "/%00", "/%ff", "/a?%=1", "/a?b=%C3"])
    func `a target with a broken escape is none`(text: String) { #expect(RequestTarget(parsing: text) == nil) }

    @Test func `every route is found again by its path`() throws {
        for route in ControlRoute.all {
            let target = try #require(RequestTarget(parsing: route.path))
            #expect(ControlRoute(target.segments) == route)
        }
    }

    @Test(
        arguments: [
            ("api", ["api"], "did you mean \"api\"?"), ("ap", ["api", "desk"], "did you mean \"api\"?"),
            ("dekc", ["api", "desk"], "known apps: api, desk"),
            ("main-ap", ["main-app", "api"], "did you mean \"main-app\"?"),
            ("x", ["z", "y"], "did you mean \"y\"?"), ("", ["long"], "known apps: long"),
            ("nothing", [], "no app is known; koomyctl start FILE adds those of a file"),
            (
                "nothing", (0..<10).map { "app\($0)" },
                "known apps: app0, app1, app2, app3, app4, app5, app6, app7 and others"
            ),
        ] as [(String, [String], String)]
    )
    func `a name that is not known gets the nearest, or those that there are`(
        name: String,
        known: [String],
        hint: String
    ) {
        #expect(NameSuggestion.hint(for: name, among: known) == hint)
    }

    @Test func `a stream gives up a client that is too far behind`() {
        let stream = ResponseStream(room: 100)
        var closed = 0
        stream.onClose = { closed += 1 }
        stream.write([UInt8](repeating: 1, count: 1_000))
        #expect(stream.isOpen && stream.behind == 1_000)
        stream.write([])
        #expect(stream.isOpen)
        stream.write([2])
        #expect(!stream.isOpen && stream.behind == 0)
        stream.end()
        stream.write([3])
        #expect(stream.behind == 0 && closed == 0)
        stream.close()
        stream.close()
        #expect(closed == 1)
    }

    @Test func `a stream hands out what was written, in pieces of any size`() {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let stream = ResponseStream(room: 1 << 20, backlog: Array(bytes.prefix(1_000)))
        stream.write(Array(bytes.dropFirst(1_000)))
        stream.end()
        var out: [UInt8] = []
        var size = 1
        while true {
            var count = 0
            let piece = [UInt8](unsafeUninitializedCapacity: size) { buffer, length in
                count = stream.fill(UnsafeMutableRawBufferPointer(buffer))
                length = max(0, count)
            }
            guard count > 0 else {
                #expect(count == -1)
                break
            }
            out += piece
            size = size * 2 % 5_003 + 1
        }
        #expect(out == bytes)
    }
}
