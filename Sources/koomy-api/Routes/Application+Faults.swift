import CMicrohttpd
import Glibc

extension Application {
    /// The most that one request may leak, in MiB.
    private static let leakLimit = 1 << 16

    /// `GET /crash?mode=…`: what a supervisor has to cope with.
    func crash(_ exchange: Exchange) -> Reply? {
        switch exchange.parameter("mode") {
        case "exit": exit(1)
        case "abort": abort()
        case "segv":
            // A signal raised by hand would leave the registers of a healthy program in the core file.
            UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
            return .failure(MHD_HTTP_INTERNAL_SERVER_ERROR, "alive", "The address 8 could be written.")
        case "hang": while true { pause() }
        case "leak":
            guard let count = Int(exchange.parameter("mb") ?? "1"), (1...Self.leakLimit).contains(count),
                let memory = malloc(count << 20)
            else {
                return .failure(MHD_HTTP_BAD_REQUEST, "bad_parameter", "mb is a number of MiB that can be had.")
            }
            // Only what was written is in memory.
            memset(memory, 1, count << 20)
            leaked.append(memory)
            return .ok(["leaked": .integer(count), "memory": ProcessUsage.now().json])
        default:
            return .failure(MHD_HTTP_BAD_REQUEST, "bad_parameter", "mode is exit, abort, segv, hang or leak.")
        }
    }
}
