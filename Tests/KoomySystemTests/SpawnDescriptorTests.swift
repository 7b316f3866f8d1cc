import Glibc
import KoomyModel
import KoomySystem
import Testing

@Suite("The descriptors of a started process", .timeLimit(.minutes(2)))
struct SpawnDescriptorTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Files that can be told apart by their path, open in this process.
    private func files(_ names: String...) throws -> [SharedDescriptor] {
        try names.map { name in
            let number = open(try scratch.file(name), O_RDWR | O_CLOEXEC)
            return SharedDescriptor(FileDescriptor(owning: number))
        }
    }

    private func child(_ descriptors: [(Int32, Int32)]) throws -> [Int32: String] {
        let child = try Child.sleeping { $0.descriptors = descriptors.map { .init($0.0, as: $0.1) } }
        return child.descriptors
    }

    @Test
    func `without any given there are three, all of them the null device`() throws {
        #expect(try child([]) == [0: "/dev/null", 1: "/dev/null", 2: "/dev/null"])
    }

    @Test
    func `what is given is there and nothing else`() throws {
        let open = try files("a", "b")
        let seen = try child([(open[0].number, 1), (open[1].number, 5)])
        #expect(seen == [0: "/dev/null", 1: scratch("a"), 2: "/dev/null", 5: scratch("b")])
    }

    @Test
    func `inheritable, random and very high descriptors of ours are not passed on`() throws {
        let open = try files("a")
        var random = SystemRandomNumberGenerator()
        var stray: [SharedDescriptor] = []
        for _ in 0..<100 {
            let minimum = Int32.random(in: 3...900, using: &random)
            // Without close-on-exec, as a careless library would open them.
            let number = fcntl(open[0].number, F_DUPFD, minimum)
            try #require(number >= 0)
            stray.append(SharedDescriptor(FileDescriptor(owning: number)))
        }
        let seen = try child([(open[0].number, 0), (open[0].number, 3)])
        #expect(seen == [0: scratch("a"), 1: "/dev/null", 2: "/dev/null", 3: scratch("a")])
    }

    @Test
    func `descriptors whose numbers overlap end where they belong`() throws {
        let open = try files("a", "b", "c", "d")
        let numbers = open.map(\.number)
        // A ring: each takes the number of the next.
        let ring = (0..<4).map { (numbers[$0], numbers[($0 + 1) % 4]) }
        let seen = try child(ring)
        for index in 0..<4 {
            #expect(seen[numbers[(index + 1) % 4]] == scratch(["a", "b", "c", "d"][index]))
        }
        #expect(seen.count == 7)
    }

    @Test
    func `a descriptor may keep its number, and be given twice`() throws {
        let open = try files("a")
        let number = open[0].number
        let seen = try child([(number, number), (number, number + 1)])
        #expect(seen.filter { $0.key > 2 } == [number: scratch("a"), number + 1: scratch("a")])
    }

    @Test
    func `every permutation of five descriptors over each other's numbers is right`() throws {
        let names = ["a", "b", "c", "d", "e"]
        let open = try files("a", "b", "c", "d", "e")
        var random = SystemRandomNumberGenerator()
        for _ in 0..<40 {
            let targets = open.map(\.number).shuffled(using: &random)
            let seen = try child(zip(open, targets).map { ($0.number, $1) })
            for (name, target) in zip(names, targets) { #expect(seen[target] == scratch(name)) }
            #expect(seen.count == 8)
        }
    }

    @Test
    func `targets in the way of the start's own pipe do not hide a failure`() throws {
        let open = try files("a")
        var request = SpawnRequest(path: scratch("missing"), arguments: ["missing"])
        // The pipe has one of the lowest free numbers.
        request.descriptors = (3..<200).map { .init(open[0].number, as: $0) }
        let child = try Child(request)
        let expected = StartFailure(step: .execute, errno: ENOENT, subject: scratch("missing"))
        #expect(try child.startup() == .failed(expected))
    }

    @Test
    func `a descriptor that is not open is a failure that names it`() throws {
        var request = SpawnRequest(path: "/bin/sleep", arguments: ["sleep", "1000"])
        request.descriptors = [.init(30_000, as: 3)]
        let child = try Child(request)
        #expect(try child.startup() == .failed(StartFailure(step: .descriptors, errno: EBADF, subject: "30000")))
        #expect(try child.ended() == .exited(code: 127))
    }

    @Test
    func `what it reads and writes goes through the given pipes`() throws {
        let input = try Pipe()
        let output = try Pipe()
        let child = try Child.shell("read line; echo \"got $line\"; echo bad >&2") { request in
            request.descriptors = [
                .init(input.readEnd.number, as: 0), .init(output.writeEnd.number, as: 1),
                .init(output.writeEnd.number, as: 2),
            ]
        }
        try input.writeEnd.writeAll("hello\n".utf8)
        #expect(try child.ended() == .exited(code: 0))
        #expect(try output.readEnd.read(most: 100) == Array("got hello\nbad\n".utf8))
    }
}
