import Glibc
import KoomyCore
import KoomyModel
import KoomySystem
import TestSupport
import Testing

@testable import KoomySupervisor

struct RotatedFilesTests {
    /// 2023-11-14T22:13:20Z.
    private static let time = WallTime(nanoseconds: 1_700_000_000_999_999_999)

    private func names(_ files: Workspace) throws -> [String] {
        try RotatedFiles(of: files("log")).list().map { String($0.path.dropFirst(files("log.").count)) }
    }

    private func write(_ names: [String], in files: Workspace) throws {
        for name in names { try files.write("\(name)\n", to: "log.\(name)") }
    }

    @Test func `what was put aside is found, the oldest first, and nothing else`() throws {
        try Workspace.with { files in
            let wanted = [
                "20250101T000000Z.zst", "20260101T000000Z", "20260101T000000Z-1.gz", "20260101T000000Z-2",
                "20260101T000000Z-10", "20260102T000000Z",
            ]
            try write(wanted.shuffled() + ["1", "gz", "20260101", "20260101T000000Z.bz2"], in: files)
            try files.write("", to: "log")
            try files.write("", to: "other.20260101T000000Z")
            try files.write("", to: "xlog.20260101T000000Z")
            try Files.makeFolder(files("log.20260103T000000Z"))
            #expect(symlink(files("other.20260101T000000Z"), files("log.20260104T000000Z")) == 0)
            #expect(try names(files) == wanted)
            let kept = try RotatedFiles(of: files("log")).list()
            #expect(kept.map(\.size) == wanted.map { UInt64($0.utf8.count + 1) })
            let now = WallClock.now()
            #expect(kept.allSatisfy { now.seconds - $0.modified.seconds < 60 })
        }
    }

    @Test func `what an interrupted compression has left is not the file`() throws {
        try Workspace.with { files in
            try write(
                ["20260101T000000Z", "20260101T000000Z.gz", "20260101T000000Z-1.zst", "20260101T000000Z-1"],
                in: files
            )
            try write(["20260101T000000Z-2.gz"], in: files)
            #expect(try names(files) == ["20260101T000000Z", "20260101T000000Z-1", "20260101T000000Z-2.gz"])
        }
    }

    @Test func `a folder that is not there is an error, and an empty one is none`() throws {
        try Workspace.with { files in
            let found = try names(files)
            #expect(found == [])
            let error = #expect(throws: SystemError.self) { try RotatedFiles(of: files("no/log")).list() }
            #expect(error?.errno == .noSuchFile)
        }
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_782_400, "20000229T000000Z"), (1_700_000_000, "20231114T221320Z"),
        (4_102_444_799, "20991231T235959Z"), (-1, "19691231T235959Z"),
    ])
    func `the stamp is the time in UTC`(_ seconds: Int64, _ stamp: String) {
        for zone in ["UTC", "Asia/Kathmandu", "America/St_Johns"] {
            inTimeZone(zone) {
                #expect(RotatedFiles.stamp(of: WallTime(nanoseconds: seconds * 1_000_000_000)) == stamp)
            }
        }
    }

    @Test func `each file of one second has its number`() throws {
        try Workspace.with { files in
            for number in 0..<12 {
                try files.write("\(number)\n", to: "log")
                try RotatedFiles(of: files("log")).putAside(at: Self.time)
                #expect(!Files.exists(files("log")))
            }
            let kept = try RotatedFiles(of: files("log")).list()
            #expect(kept.compactMap { Files.text(of: $0.path) } == (0..<12).map { "\($0)\n" })
            #expect(kept.map(\.name.number) == Array(0..<12))
            #expect(kept.allSatisfy { $0.name.stamp == "20231114T221320Z" })
        }
    }

    @Test func `nothing that is there is written over, whatever it is`() throws {
        try Workspace.with { files in
            try write(["20231114T221320Z.gz"], in: files)
            try Files.makeFolder(files("log.20231114T221320Z-1"))
            #expect(symlink("/nonexistent", files("log.20231114T221320Z-2")) == 0)
            try files.write("new\n", to: "log")
            try RotatedFiles(of: files("log")).putAside(at: Self.time)
            #expect(Files.text(of: files("log.20231114T221320Z-3")) == "new\n")
            #expect(Files.text(of: files("log.20231114T221320Z.gz")) == "20231114T221320Z.gz\n")
            #expect(Files.isFolder(files("log.20231114T221320Z-1")))
            #expect(Files.target(ofLink: files("log.20231114T221320Z-2")) == "/nonexistent")
        }
    }

    @Test func `the order is kept when the clock is set back`() throws {
        try Workspace.with { files in
            let steps: [Int64] = [0, 10, -3_600, 5, 10, 11, -86_400, 20]
            for (number, step) in steps.enumerated() {
                try files.write("\(number)\n", to: "log")
                let time = WallTime(nanoseconds: Self.time.nanoseconds + step * 1_000_000_000)
                try RotatedFiles(of: files("log")).putAside(at: time)
            }
            let kept = try RotatedFiles(of: files("log")).list()
            #expect(kept.compactMap { Files.text(of: $0.path) } == steps.indices.map { "\($0)\n" })
        }
    }

    @Test func `a file that is not there cannot be put aside`() throws {
        try Workspace.with { files in
            let error = #expect(throws: SystemError.self) {
                try RotatedFiles(of: files("log")).putAside(at: Self.time)
            }
            #expect(error?.errno == .noSuchFile)
        }
    }
}
