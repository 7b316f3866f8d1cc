import KoomyEventLoop
import KoomyModel
import KoomySystem

/// The descriptor store of systemd.
///
/// It keeps as many as FileDescriptorStoreMax= of the unit says, and tells nobody when it cannot.
final class ServicePlace: DescriptorPlace {
    private let notifier = ServiceNotifier()

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
