import KoomyEventLoop
import KoomyModel
import KoomySystem

/// The descriptor store of systemd.
///
/// It keeps as many as FileDescriptorStoreMax= of the unit says, and tells nobody when it cannot.
///
/// With the next start it gives the names of all of them in one variable, LISTEN_FDNAMES, and a text of 128 KiB is the
/// longest that a program can be started with (MAX_ARG_STRLEN, execve(2)): with more, systemd could start no koomyd at
/// all, again and again. Names are therefore short there, and all of one length.
final class ServicePlace: DescriptorPlace {
    private let notifier = ServiceNotifier()
    private static let mark = UInt8(ascii: "+")
    /// 48 bits of six.
    private static let digits = 8
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// How many descriptors have room for their names; units/koomyd.service stays below it.
    static let mostNames = ((128 << 10) - "LISTEN_FDNAMES=".utf8.count) / (1 + digits + 1)

    /// Made from the name alone (FNV-1a, folded to 48 bits), because the next koomyd has to come to the same.
    func nameThere(_ name: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash >> 48) ^ (hash & 0xFFFF_FFFF_FFFF)
        let places = (0..<Self.digits).map { Self.alphabet[Int(hash >> (6 * UInt64($0))) & 63] }
        return String(decoding: [Self.mark] + places, as: UTF8.self)
    }

    static func isShortName(_ name: String) -> Bool {
        name.utf8.count == 1 + digits && name.utf8.first == mark && name.utf8.dropFirst().allSatisfy(alphabet.contains)
    }

    func carryOut(_ order: StoreOrder) throws(SystemError) -> Bool {
        do throws(SystemError) {
            switch order {
            case .keep(let name, let descriptors): try notifier.store(descriptors.map(\.number), name: name)
            case .drop(let name): try notifier.removeStored(name: name)
            }
            return true
        } catch  where error.errno == .wouldBlock {
            return false
        }
    }

    func end(_ names: [String]) {
        let deadline = MonotonicClock.now() + .milliseconds(500)
        for name in names {
            while (try? carryOut(.drop(name))) == false, MonotonicClock.now() < deadline {
                _ = try? Poll.wait([], atMost: .milliseconds(5))
            }
        }
    }
}
