import Glibc
import KoomyModel
import Testing

@testable import KoomyConfig

@Suite struct CommandTests {
    private func command(_ attributes: String) throws -> Command {
        try load("name: a\n" + attributes).apps[0].command
    }

    @Test(arguments: [
        ("server.js", "node"), ("a.cjs", "node"), ("a.mjs", "node"), ("a.py", "python3"), ("a.sh", "/bin/bash"),
        ("a.rb", "ruby"),
        ("a.pl", "perl"), ("a.php", "php"), ("A.JS", "node"), ("server", nil), ("a.bin", nil), ("./x/app.js", "node"),
        (".js", nil),
    ])
    func `the extension chooses the interpreter`(script: String, interpreter: String?) throws {
        #expect(try command("script: \(script)\n").interpreter == interpreter)
    }

    @Test func `the file chooses it before`() throws {
        #expect(try command("script: a.js\ninterpreter: none\n").interpreter == nil)
        #expect(try command("script: a\ninterpreter: node\n").interpreter == "node")
        #expect(try command("script: a\ninterpreter: ./venv/bin/python\n").interpreter == "/srv/shop/venv/bin/python")
        #expect(try command("script: a\ninterpreter: ~/bin/node\n").interpreter == "/home/ann/bin/node")
        #expect(
            try command("script: a\ninterpreter: /usr/bin/env\ninterpreter_args: python3 -u\n").interpreterArguments
                == ["python3", "-u"]
        )
    }

    @Test(arguments: [
        ("server", "server"), ("./server", "/srv/shop/server"), ("bin/server", "/srv/shop/bin/server"),
        ("/bin/true", "/bin/true"),
        ("~/bin/x", "/home/ann/bin/x"), ("../x", "/srv/x"), ("server.js", "server.js"),
    ])
    func `a script with a slash is absolute`(script: String, expected: String) throws {
        #expect(try command("script: \(script)\n").script == expected)
    }

    @Test func `a script starts at the working directory`() throws {
        let spec = try load("name: a\nscript: ./x\ncwd: sub/../deep/./er\nout_file: log/o\n").apps[0]
        #expect(spec.workingDirectory == "/srv/shop/deep/er")
        #expect(spec.command.script == "/srv/shop/deep/er/x")
        #expect(spec.logs.outFile == "/srv/shop/deep/er/log/o")
        #expect(try load("script: ./x\ncwd: /opt/app\n").apps[0].command.script == "/opt/app/x")
        #expect(try load("script: ./x\ncwd: ~/app\n").apps[0].workingDirectory == "/home/ann/app")
        #expect(try load("script: ./x\n", name: "conf/e.yaml").apps[0].workingDirectory == "/home/dev/conf")
    }

    @Test(arguments: ["cwd", "out_file", "error_file", "script", "interpreter"])
    func `home is known or an error`(attribute: String) {
        let homeless = LoadContext(currentDirectory: "/", processorCount: 1)
        let script = attribute == "script" ? "" : "script: ./a\n"
        expectProblems(
            script + "name: a\n\(attribute): «~/x\n",
            "there is no home directory for \"~\" here | whole path",
            context: homeless
        )
        expectProblems(
            script + "name: a\n\(attribute): «~bob/x\n",
            "the home of another user is not looked up",
            context: .sample
        )
    }

    @Test func `arguments`() throws {
        #expect(
            try command("script: a\nargs: [--port, 5000, true, '', a b]\n").arguments == [
                "--port", "5000", "true", "", "a b",
            ]
        )
        #expect(try command("script: a\nargs: --title 'a b' -v\n").arguments == ["--title", "a b", "-v"])
        #expect(try command("script: a\nargs: 5\n").arguments == ["5"])
        #expect(
            try command("script: a.js\nnode_args: --inspect --max-old-space-size=200\n").interpreterArguments == [
                "--inspect", "--max-old-space-size=200",
            ]
        )
        expectAttributeProblems("args: «it's\n", "a quote in \"args\" is not closed | write a list")
        expectAttributeProblems("args: [a, «[b]]\n", "an argument is a text, not a list")
        expectAttributeProblems("args: [a, «~]\n", "an argument is a text, not nothing")
        expectAttributeProblems("args: «{a: b}\n", "a text or a list of texts, not a mapping")
        expectAttributeProblems(
            "listen: 80\nargs: [--fd, «{fd}]\n",
            "this is a mapping, not a text | braces need quotes: \"{fd}\""
        )
    }

    @Test func `arguments for no interpreter`() {
        expectAttributeProblems(
            "node_args: «--inspect\n",
            "\"node_args\" is for an interpreter | add interpreter: node"
        )
    }

    @Test func `an interpreter is a program`() {
        expectAttributeProblems("interpreter: «node@18\n", "versions of node are not looked up")
        expectAttributeProblems("interpreter: «node --inspect\n", "an interpreter is one program | interpreter_args")
    }

    @Test func `a command line is not guessed at`() {
        expectProblems(
            "name: a\nscript: «node server.js --port '8 0'\n",
            "no file has the name \"node server.js --port '8 0'\" | script: node, args: [\"server.js\", \"--port\", \"8 0\"]"
        )
        expectProblems("name: a\ncmd: «./run it\n", "no file has the name | script: ./run, args: [\"it\"]")
        expectProblems("name: a\ncmd: «\"it's it\"\n", "no file has the name")
    }

    @Test func `a file may have blanks in its name`() throws {
        let folder = try TemporaryFolder()
        try folder.write("my server", "x")
        let spec = try load("name: a\nscript: ./my server\n", name: folder.path + "/e.yaml").apps[0]
        #expect(spec.command.script == folder.path + "/my server")
        #expect(
            try load("name: a\nscript: my server\n", name: folder.path + "/e.yaml").apps[0].command.script
                == "my server"
        )
    }

    @Test(arguments: [
        ("server.js", "server"), ("./bin/koomy-api", "koomy-api"), ("/a/b.py", "b"), ("app-1.2", "app-1.2"),
        ("run.sh", "run"), ("x.jar", "x.jar"),
    ])
    func `the name is the script's`(script: String, name: String) throws {
        #expect(try load("script: \(script)\n").apps[0].name.text == name)
    }

    @Test func `prefix and environment in the name`() throws {
        var context = LoadContext.sample
        #expect(try app("name_prefix: shop-\n").name.text == "shop-api")
        #expect(try app("append_env_to_name: true\n").name.text == "api")
        context.environmentName = "production"
        #expect(
            try app("append_env_to_name: true\nenv_production: {}\n", context: context).name.text == "api-production"
        )
        #expect(try app("append_env_to_name: false\nenv_production: {}\n", context: context).name.text == "api")
    }

    @Test(arguments: [
        ("my app", "my-app"), ("a/b", "a-b"), ("-x-", "x"), ("é", "app"), ("a:1", "a-1"), ("all", "all-apps"),
        ("ä..b", "b"),
        ("[x]", "x"), (String(repeating: "y", count: 70), String(repeating: "y", count: 64)),
    ])
    func `a name that is none and the nearest that is`(name: String, suggestion: String) {
        expectProblems("script: ./a\nname: «\"\(name)\"\n", "name | for example name: \(suggestion)")
        #expect(AppName(suggestion) != nil)
    }

    @Test func `a script whose name is none`() {
        expectProblems("script: «./größe\n", "\"größe\" is not a name for an app | name: gr-e")
        expectProblems("name: «''\nscript: ./a\n", "\"name\" is empty")
        expectProblems("name: a\nscript: «''\n", "\"script\" is empty")
        expectProblems("«name: a\n", "this app has no script | script: ./server")
        expectProblems("name: 5\nscript: ./a\nwatchdog: «x\n", "length of time")
    }

    @Test func `paths are texts`() {
        expectAttributeProblems("cwd: «5\n", "\"cwd\" is a path, not the number 5")
        expectAttributeProblems("out_file: «[a]\n", "\"out_file\" is a path, not a list | ./logs/out.log")
        expectAttributeProblems("cwd: «''\n", "\"cwd\" is empty")
    }
}
