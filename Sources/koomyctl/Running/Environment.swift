import Glibc

/// What surrounds the program.
enum Environment {
    static func workingDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// What a stream's place can show, by the terminal and by NO_COLOR, CLICOLOR, TERM, COLUMNS and the locale.
    static func screen(of stream: Output.Stream, _ variables: [String: String], noColor: Bool) -> Screen {
        func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        let isTerminal = isatty(stream.rawValue) == 1
        var screen = Screen()
        screen.isTerminal = isTerminal
        screen.hasColor =
            isTerminal && !noColor && value("NO_COLOR") == nil && value("CLICOLOR") != "0" && value("TERM") != "dumb"
        let locale = (value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? "").uppercased()
        screen.isUTF8 = locale.contains("UTF-8") || locale.contains("UTF8")
        if isTerminal { screen.width = columns(of: stream.rawValue) ?? value("COLUMNS").flatMap(Int.init) ?? 80 }
        return screen
    }

    private static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
