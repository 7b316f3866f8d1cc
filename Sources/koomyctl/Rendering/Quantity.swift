/// Amounts as people read them at a glance.
enum Quantity {
    /// `350ms`, `12s`, `3m12s`, `4h05m`, `2d03h`.
    static func span(milliseconds: Int64) -> String {
        guard milliseconds >= 1_000 else { return "\(max(0, milliseconds))ms" }
        let seconds = milliseconds / 1_000
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3_600: return "\(seconds / 60)m\(twoDigits(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3_600)h\(twoDigits(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d\(twoDigits(seconds / 3_600 % 24))h"
        }
    }

    /// `512B`, `38.1M`, `1.2G`, in powers of 1024.
    static func bytes(_ count: UInt64) -> String {
        guard count >= 1_024 else { return "\(count)B" }
        var unit = 1_024.0
        for suffix in ["K", "M", "G"] {
            let amount = Double(count) / unit
            if amount < 999.95 { return "\(tenths(amount))\(suffix)" }
            unit *= 1_024
        }
        return "\(tenths(Double(count) / unit))T"
    }

    /// `1.5%`.
    static func percent(_ value: Double) -> String { "\(tenths(value))%" }

    /// `1 worker`, `2 workers`.
    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func tenths(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "?" }
        let tenths = Int64((value.magnitude * 10).rounded())
        return "\(value < 0 && tenths > 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
    }
}
