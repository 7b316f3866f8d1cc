import TestSupport
import Testing

/// The unit files, as systemd reads them.
@Suite struct UnitFileTests {
    @Test(.needsSystemdAnalyze, arguments: ["koomyd.service", "user/koomyd.service"])
    func `systemd finds nothing wrong with it`(_ unit: String) throws {
        try Workspace.with { workspace in
            let original = try #require(Files.text(of: Fixture.project("units/\(unit)")))
            let text = try Self.withBuiltPrograms(original)
            #expect(text != original)
            let path = try workspace.write(text, to: "koomyd.service")
            let manager = unit.hasPrefix("user/") ? "--user" : "--system"
            var environment = baseEnvironment(home: workspace.path)
            environment["XDG_RUNTIME_DIR"] = workspace.path
            let result = try Command.run(["systemd-analyze", manager, "verify", path], environment: environment)
            #expect(result.code == 0, "\(result)")
            #expect(result.error == "")
        }
    }

    @Test(.needsSystemdAnalyze) func `systemd finds nothing wrong with the example of a socket unit`() throws {
        try Workspace.with { workspace in
            let service = try #require(Files.text(of: Fixture.project("units/koomyd.service")))
            try workspace.write(Self.withBuiltPrograms(service), to: "koomyd.service")
            let socket = try #require(Files.text(of: Fixture.project("units/koomyd-api.socket")))
            let path = try workspace.write(socket, to: "koomyd-api.socket")
            let result = try Command.run(["systemd-analyze", "--system", "verify", path])
            #expect(result.code == 0 && result.error == "", "\(result)")
        }
    }

    /// Earlier ones name each line that they do not know, and nothing else.
    @Test(.needsSystemdAnalyze) func `the drop-in for later versions has no other mistakes`() throws {
        try Workspace.with { workspace in
            let service = try #require(Files.text(of: Fixture.project("units/koomyd.service")))
            let path = try workspace.write(Self.withBuiltPrograms(service), to: "koomyd.service")
            let more = try #require(Files.text(of: Fixture.project("units/systemd-254.conf")))
            try workspace.write(more, to: "koomyd.service.d/systemd-254.conf")
            let result = try Command.run(["systemd-analyze", "--system", "verify", path])
            let news = ["DelegateSubgroup", "FileDescriptorStorePreserve", "RestartSteps", "RestartMaxDelaySec"]
            for line in result.error.split(separator: "\n") {
                #expect(news.contains { line.contains("Unknown key '\($0)'") }, "\(result)")
            }
        }
    }

    /// The limit of systemd's store is one that the names of descriptors do not reach; what is said there is this.
    @Test(arguments: ["koomyd.service", "user/koomyd.service"])
    func `so many descriptors can be named in one variable`(_ unit: String) throws {
        let text = try #require(Files.text(of: Fixture.project("units/\(unit)")))
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("FileDescriptorStoreMax=") })
        let most = try #require(Int(line.dropFirst("FileDescriptorStoreMax=".count)))
        // Each is a mark, eight letters and a colon; MAX_ARG_STRLEN is 32 pages (execve(2)).
        #expect("LISTEN_FDNAMES=".utf8.count + most * 10 < 32 * 4_096)
    }

    /// The programs have to be there; all else is checked as it is.
    private static func withBuiltPrograms(_ unit: String) throws -> String {
        try unit.replacing("/usr/bin/koomyd", with: Binaries.path("koomyd"))
            .replacing("/usr/bin/koomyctl", with: Binaries.path("koomyctl"))
    }

    @Test(.needsSystemdAnalyze) func `a mistake in it would be found`() throws {
        try Workspace.with { workspace in
            let original = try #require(Files.text(of: Fixture.project("units/koomyd.service")))
            let text = original.replacing("KillMode=process", with: "KillMode=processes")
            let path = try workspace.write(text, to: "koomyd.service")
            let result = try Command.run(["systemd-analyze", "--system", "verify", path])
            #expect(result.error.contains("processes"), "\(result)")
        }
    }
}
