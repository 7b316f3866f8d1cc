import CSystemd
import KoomyModel
import KoomySystem

/// What systemd is doing with the service that this process is (org.freedesktop.systemd1(5), Job).
package enum ServiceJob: Hashable, Sendable {
    /// It does nothing, or there is no systemd that has us as a service.
    case none
    case restart
    case stop
    /// Another type of job, as `start`.
    case other(String)
    /// It could not be asked; this says why.
    case unknown(String)

    /// Asks systemd, for a second at most.
    package static func ofThisUnit(environment: [String: String] = ThisProcess.environment) -> ServiceJob {
        // What systemd started as a service has both (systemd.exec(5)).
        guard environment["INVOCATION_ID"] != nil, environment["NOTIFY_SOCKET"] != nil else { return .none }
        do throws(SystemError) {
            return try ServiceManagerConnection(environment: environment).job(of: ThisProcess.id)
        } catch {
            return .unknown("\(error)")
        }
    }

    init(_ type: String) {
        switch type {
        case "restart": self = .restart
        case "stop": self = .stop
        default: self = .other(type)
        }
    }
}

/// A connection to the systemd that runs this process, by its private socket, which needs no D-Bus daemon.
private final class ServiceManagerConnection {
    private let bus: OpaquePointer
    private static let name = "org.freedesktop.systemd1"
    private static let limit = TimeSpan.seconds(1)

    init(environment: [String: String]) throws(SystemError) {
        let folder = ThisProcess.isRoot ? "/run" : environment["XDG_RUNTIME_DIR"] ?? "/run/user/\(ThisProcess.userID)"
        let path = "\(folder)/systemd/private"
        var bus: OpaquePointer?
        try check(sd_bus_new(&bus), "sd_bus_new")
        guard let bus else { throw SystemError("sd_bus_new", .invalidArgument) }
        self.bus = bus
        try check(sd_bus_set_address(bus, "unix:path=\(path)"), "ask systemd", path)
        try check(sd_bus_set_method_call_timeout(bus, UInt64(Self.limit.nanoseconds / 1_000)), "ask systemd", path)
        try check(sd_bus_start(bus), "ask systemd", path)
    }

    isolated deinit { sd_bus_close_unref(bus) }

    func job(of pid: ProcessID) throws(SystemError) -> ServiceJob {
        let unit = try unit(of: pid)
        let answer = try property("Job", "(uo)", of: "Unit", at: unit)
        defer { sd_bus_message_unref(answer) }
        var number: UInt32 = 0
        try check(sd_bus_message_enter_container(answer, CChar(UInt8(ascii: "r")), "uo"), "read the job")
        try check(sd_bus_message_read_basic(answer, CChar(UInt8(ascii: "u")), &number), "read the job")
        guard number != 0 else { return .none }
        let path = try text(answer, "o")
        let kind = try property("JobType", "s", of: "Job", at: path)
        defer { sd_bus_message_unref(kind) }
        return ServiceJob(try text(kind, "s"))
    }

    private func unit(of pid: ProcessID) throws(SystemError) -> String {
        var call: OpaquePointer?
        try check(
            sd_bus_message_new_method_call(
                bus,
                &call,
                Self.name,
                "/org/freedesktop/systemd1",
                "\(Self.name).Manager",
                "GetUnitByPID"
            ),
            "ask systemd"
        )
        defer { sd_bus_message_unref(call) }
        var number = UInt32(bitPattern: pid)
        try check(sd_bus_message_append_basic(call, CChar(UInt8(ascii: "u")), &number), "ask systemd")
        var answer: OpaquePointer?
        try check(sd_bus_call(bus, call, 0, nil, &answer), "ask systemd for the unit of", "\(pid)")
        defer { sd_bus_message_unref(answer) }
        return try text(answer, "o")
    }

    private func property(
        _ member: String,
        _ type: String,
        of interface: String,
        at path: String
    ) throws(SystemError) -> OpaquePointer? {
        var answer: OpaquePointer?
        try check(
            sd_bus_get_property(bus, Self.name, path, "\(Self.name).\(interface)", member, nil, &answer, type),
            "ask systemd for",
            member
        )
        return answer
    }

    private func text(_ message: OpaquePointer?, _ type: String) throws(SystemError) -> String {
        var text: UnsafePointer<CChar>?
        try check(sd_bus_message_read_basic(message, CChar(type.utf8.first ?? 0), &text), "read systemd's answer")
        return text.map { String(cString: $0) } ?? ""
    }
}
