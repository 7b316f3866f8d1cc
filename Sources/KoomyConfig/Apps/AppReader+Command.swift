import KoomyModel

// MARK: - Folder, program, name

extension AppReader {
    /// What runs a script of this kind, as PM2 chooses it.
    private static let interpreters = [
        "js": "node", "cjs": "node", "mjs": "node", "py": "python3", "sh": "/bin/bash", "rb": "ruby", "pl": "perl",
        "php": "php",
    ]

    func workingDirectory() -> String {
        guard let field = fields[.cwd], let path = path(field, from: paths.folder) else { return paths.folder }
        return path
    }

    /// A path of the file made absolute; nil where it is none.
    func path(
        _ field: Field,
        from base: String,
        expected: String = "a path",
        example: String = "./server"
    ) -> String? {
        guard case .string? = field.node.scalar?.value, let text = field.text(expected, example: example) else {
            if field.node.scalar?.value != .string { field.mismatch(expected, example: example) }
            return nil
        }
        return absolute(text, from: base, in: field)
    }

    private func absolute(_ text: String, from base: String, in field: Field) -> String? {
        if text.hasPrefix("~"), text != "~", !text.hasPrefix("~/") {
            field.fail("the home of another user is not looked up", hint: "write the whole path")
            return nil
        }
        if let path = paths.absolute(text, from: base) { return path }
        field.fail("there is no home directory for \"~\" here", hint: "write the whole path")
        return nil
    }

    func command(in folder: String) -> Command? {
        let arguments = fields[.args]?.words() ?? []
        let interpreterArguments = fields[.interpreterArgs]?.words() ?? []
        let named = fields[.interpreter]?.text(example: "node")
        guard let field = fields[.script] else {
            fields.fail("this app has no script", hint: "name its program, for example script: ./server")
            return nil
        }
        guard let script = field.text("a path", example: "./server"), isOneProgram(script, field, folder: folder) else {
            return nil
        }
        let chosen = named ?? Self.interpreters[PathResolver.fileExtension(of: script)]
        let interpreter = chosen == "none" ? nil : chosen
        if interpreter == nil, let field = fields[.interpreterArgs] {
            field.fail(
                "\"\(field.name)\" is for an interpreter, and the script runs itself",
                hint: "add interpreter: node, or use args"
            )
        }
        return Command(
            script: script.contains("/") ? absolute(script, from: folder, in: field) ?? script : script,
            arguments: arguments,
            interpreter: interpreter.flatMap { program($0, in: folder) },
            interpreterArguments: interpreterArguments
        )
    }

    private func program(_ text: String, in folder: String) -> String? {
        guard let field = fields[.interpreter] else { return text }
        if text.hasPrefix("node@") {
            field.fail("versions of node are not looked up", hint: "give the path of that node")
        }
        if text.contains(where: \.isWhitespace), !FileContents.exists(atPath: PathResolver.join(folder, text)) {
            field.fail("an interpreter is one program", hint: "its arguments go to interpreter_args")
        }
        return text.contains("/") ? absolute(text, from: folder, in: field) : text
    }

    /// A script with blanks is a file of that name, or a command line: then it is not guessed which parts are meant.
    private func isOneProgram(_ script: String, _ field: Field, folder: String) -> Bool {
        guard script.contains(where: \.isWhitespace) else { return true }
        let path = paths.absolute(script, from: folder) ?? script
        if FileContents.exists(atPath: path) { return true }
        let words = ShellWords.split(script) ?? []
        let rest = words.dropFirst().map(CompactJSON.string).joined(separator: ", ")
        field.fail(
            "no file has the name \"\(script)\", and a script is one program without arguments",
            hint: words.isEmpty ? nil : "script: \(words[0]), args: [\(rest)]"
        )
        return false
    }

    func name(script: String?) -> (name: AppName, place: SourceText.Place)? {
        var text: String
        let place: SourceText.Place
        if let field = fields[.name] {
            guard let written = field.text(example: "api") else { return nil }
            (text, place) = (written, field.node.place)
        } else {
            guard let script, let field = fields[.script] else { return nil }
            text = PathResolver.baseName(of: script)
            let suffix = PathResolver.fileExtension(of: text)
            if Self.interpreters[suffix] != nil { text.removeLast(suffix.count + 1) }
            place = field.node.place
        }
        text = (fields[.namePrefix]?.text(example: "shop-") ?? "") + text
        if fields[.appendEnvToName]?.flag() == true, let environment = context.environmentName {
            text += "-" + environment
        }
        if let name = AppName(text) { return (name, place) }
        let isReserved = text == AppName.everyApp
        report.error(
            at: place,
            path: fields[.name]?.path ?? fields.path + ".script",
            isReserved
                ? "an app cannot have the name \"all\", which stands for every app"
                : "\(Scalar(text: text, value: .string).quotedText) is not a name for an app",
            hint: "1 to 64 letters, digits, \".\", \"_\" and \"-\"; for example name: \(Self.cleaned(text))"
        )
        return nil
    }

    /// The nearest name that is allowed.
    private static func cleaned(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if ASCII.isAlphanumeric(byte) || (!bytes.isEmpty && "._-".utf8.contains(byte)) {
                bytes.append(byte)
            } else if let last = bytes.last, last != UInt8(ascii: "-") {
                bytes.append(UInt8(ascii: "-"))
            }
        }
        while bytes.last == UInt8(ascii: "-") { bytes.removeLast() }
        let name = String(decoding: bytes.prefix(64), as: UTF8.self)
        return name.isEmpty ? "app" : name == AppName.everyApp ? "all-apps" : name
    }
}
