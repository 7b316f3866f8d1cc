import KoomyWire

/// `koomyctl daemon status`.
struct DaemonText {
    var status: StatusView
    var socketPath: String
    var screen: Screen

    var lines: [String] {
        let daemon = status.daemon
        let file = daemon.configFile.map { ", with \(screen.clean($0))" } ?? ""
        let summary = StatusText(status: status, screen: screen).lines.last ?? ""
        return [
            "koomyd \(screen.clean(daemon.version)) \(screen.styled("running", .green)), pid \(daemon.pid), "
                + "for \(Quantity.span(milliseconds: daemon.uptimeMs)) (\(screen.clean(daemon.mode))\(file))",
            "answers at \(screen.clean(socketPath))", summary,
        ]
    }
}
