import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct ListenerTests {
    private func listeners(_ value: String) throws -> [ListenerSpec] { try app("listen: \(value)\n").listeners }

    @Test(arguments: [
        ("5000", "tcp://*:5000"), ("\":5000\"", "tcp://*:5000"), (":5000", "tcp://*:5000"),
        ("127.0.0.1:5000", "tcp://127.0.0.1:5000"),
        ("\"[::1]:5000\"", "tcp://[::1]:5000"), ("tcp://*:80", "tcp://*:80"), ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("unix:run/a.sock", "unix:/srv/shop/run/a.sock"), ("unix:~/a.sock", "unix:/home/ann/a.sock"),
        ("{port: 80}", "tcp://*:80"),
        ("{address: 80}", "tcp://*:80"), ("{address: \"[::1]:80\"}", "tcp://[::1]:80"),
        ("{host: 10.0.0.1, port: 80}", "tcp://10.0.0.1:80"),
        ("{host: \"::1\", port: 80}", "tcp://[::1]:80"), ("{host: '*', port: '80'}", "tcp://*:80"),
        ("{path: /run/a.sock}", "unix:/run/a.sock"),
        ("{path: a.sock}", "unix:/srv/shop/a.sock"), ("{address: unix:/a}", "unix:/a"), ("[80]", "tcp://*:80"),
    ])
    func `one listener`(value: String, address: String) throws {
        let found = try listeners(value)
        #expect(found.map(\.address.description) == [address])
        #expect(found.map(\.name) == ["main"])
        #expect(found[0] == ListenerSpec(name: "main", address: found[0].address))
    }

    @Test func `several with their names`() throws {
        let found = try listeners("[80, {port: 81, name: admin}, unix:/a, {path: /b, name: b}]")
        #expect(found.map(\.name) == ["main", "admin", "main3", "b"])
        expectAttributeProblems(
            "listen: [{port: 1, name: a}, «{port: 2, name: a}]\n",
            "two listeners have the name \"a\" | 3:10"
        )
        expectAttributeProblems("listen: [1, «{port: 2, name: main}]\n", "two listeners have the name \"main\"")
    }

    @Test func `every attribute of a listener`() throws {
        let tcp = try listeners("{port: 80, name: http, backlog: 128, reuseport: true, nonblocking: true}")[0]
        #expect(
            tcp
                == ListenerSpec(
                    name: "http",
                    address: .tcp(host: "*", port: 80),
                    backlog: 128,
                    reusePort: true,
                    nonblocking: true
                )
        )
        #expect(try listeners("{port: 80, name: http, backlog: 128, reusePort: true, non_blocking: true}")[0] == tcp)
        let unix = try listeners("{path: /a, mode: \"0660\", user: www-data, group: 33}")[0]
        #expect(unix.mode == 0o660 && unix.user == "www-data" && unix.group == "33")
    }

    @Test func `what is wrong with a listener`() {
        expectAttributeProblems("listen: «true\n", "\"listen\" is a port or an address, not true")
        expectAttributeProblems("listen: «70000\n", "\"70000\" is not a port")
        expectAttributeProblems("listen: «-1\n", "has no port")
        expectAttributeProblems("listen: «1.5\n", "has no port")
        expectAttributeProblems("listen: [80, «x, «[1]]\n", "\"x\" has no port", "a port or an address, not a list")
        expectAttributeProblems("listen: «/run/a.sock\n", "is a path, not an address | unix:/run/a.sock")
        expectAttributeProblems("listen: «{name: a}\n", "this listener has no address | port, path and address")
        expectAttributeProblems("listen: {port: 80, path: «/a}\n", "a listener has one of port, path and address")
        expectAttributeProblems("listen: {path: /a, host: «x}\n", "\"host\" belongs to a port")
        expectAttributeProblems("listen: {port: 80, host: «a b}\n", "\"a b\" is not a host")
        expectAttributeProblems("listen: {port: «70000}\n", "\"port\" is 0 to 65535, not 70000")
        expectAttributeProblems("listen: {port: «http}\n", "\"port\" is a whole number")
        expectAttributeProblems("listen: {address: «nowhere}\n", "has no port")
        expectAttributeProblems("listen: {port: 80, «nmae: a}\n", "unknown attribute \"nmae\" of a listener | \"name\"")
        expectAttributeProblems(
            "listen: {port: 80, «tls: true}\n",
            "unknown attribute \"tls\" of a listener | known here: address, host"
        )
        expectAttributeProblems("listen: {port: 80, name: «'a:b'}\n", "\"a:b\" is not a name for a listener")
        expectAttributeProblems("listen: {port: 80, name: «probe}\n", "\"probe\" is the name of the socket")
        expectAttributeProblems("listen: {port: 80, backlog: «0}\n", "\"backlog\" is 1 to 2147483647, not 0")
        expectAttributeProblems("listen: {port: 80, reuseport: «yes}\n", "true or false")
        expectAttributeProblems("listen: {port: 80, mode: «\"0660\"}\n", "\"mode\" is for Unix sockets")
        expectAttributeProblems(
            "listen: {port: 80, user: «a, group: «b}\n",
            "\"user\" is for Unix",
            "\"group\" is for Unix"
        )
        expectAttributeProblems("listen: {path: /a, mode: «\"0888\"}\n", "an octal number up to 777")
        expectAttributeProblems("listen: {path: /a, reuseport: «true}\n", "\"reuseport\" is for TCP")
        expectAttributeProblems(
            "listen: «unix:/\(String(repeating: "x", count: 107))\n",
            "at most 107 bytes, this one has 108"
        )
        let many = (1...65).map(String.init).joined(separator: ", ")
        expectAttributeProblems("listen: «[\(many)]\n", "at most 64 listeners, not 65")
    }

    @Test func `the longest path of a socket`() throws {
        #expect(try listeners("unix:/\(String(repeating: "x", count: 106))").count == 1)
    }

    @Test func `two listeners at one address`() {
        expectProblems(
            "apps:\n- {script: ./a, listen: 80}\n- {script: ./b, listen: «127.0.0.1:80}\n",
            "tcp://127.0.0.1:80 is taken by tcp://*:80 of \"a\" | 2:25"
        )
        expectProblems(
            "apps:\n- {script: ./a, listen: unix:x}\n- {script: ./b, listen: «unix:/srv/shop/x}\n",
            "unix:/srv/shop/x is taken"
        )
        expectAttributeProblems("listen: [80, «\":80\"]\n", "tcp://*:80 is taken by tcp://*:80 of \"api\"")
    }

    @Test func `two apps of one name`() {
        expectProblems(
            "- {script: ./a}\n- {name: «a, script: ./b}\n- {script: «./a}\n",
            "two apps have the name \"a\" | the first is at 1:12",
            "two apps have the name \"a\""
        )
    }

    @Test func `placeholders in arguments`() throws {
        #expect(
            try app("listen: {port: 80, name: http}\nargs: [\"{fd}\", \"--x={fd:http}\", \"{slot}\", \"{json}\"]\n")
                .command.arguments.count == 4
        )
        #expect(try app("health: /\nargs: --probe {probe_fd}\n").command.arguments == ["--probe", "{probe_fd}"])
        expectAttributeProblems(
            "args: [a, «\"{fd}\"]\n",
            "{fd} stands for nothing: the app has no listener | listen: 5000"
        )
        expectAttributeProblems("args: «a --x={fd:main}\n", "{fd:main} names no listener | the app has no listener")
        expectAttributeProblems(
            "listen: {port: 80, name: http}\nargs: [«\"{fd:htpt}\"]\n",
            "{fd:htpt} names no listener | {fd:http}"
        )
        expectAttributeProblems(
            "listen: 80\nargs: [«\"{fd:x}{fd}\"]\n",
            "{fd:x} names no listener | its listeners are main"
        )
        expectAttributeProblems("args: [«\"{probe_fd}\"]\n", "{probe_fd} stands for nothing | health: /health")
        expectAttributeProblems(
            "health: {tcp: true, port: 90}\nargs: [«\"{probe_fd}\"]\n",
            "{probe_fd} stands for nothing"
        )
        expectAttributeProblems(
            "interpreter: node\ninterpreter_args: [«\"{fd}\"]\n",
            "{fd} stands for nothing here | in args only"
        )
    }
}
