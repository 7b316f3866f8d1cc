import TestSupport
import Testing

/// The unit files, as systemd reads them.
@Suite struct UnitFileTests {
    @Test(.needsSystemdAnalyze, arguments: ["koomyd.service", "user/koomyd.service"])
    func `systemd finds nothing wrong with it`(_ unit: String) throws {
        try Workspace.with { workspace in
            let original = try #require(Files.text(of: Fixture.project("units/\(unit)")))
            // The program has to be there; all else is checked as it is.
            let text = original.replacing("/usr/bin/koomyd", with: try Binaries.path("koomyd"))
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
