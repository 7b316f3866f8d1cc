import CSystemd
package import KoomyModel
package import KoomySystem

/// A signal that arrived, and who sent it.
package struct ReceivedSignal: Hashable, Sendable {
    package var signal: Signal
    /// 0 where the kernel sent it.
    package var senderID: ProcessID
    package var senderUserID: UInt32
}

/// Fires when a signal has arrived: once for several that came together (signal(7)).
package final class SignalSource: EventSource {
    fileprivate let handler: (ReceivedSignal) -> Void
    fileprivate let signal: Signal

    fileprivate init(_ signal: Signal, _ handler: @escaping (ReceivedSignal) -> Void) {
        self.signal = signal
        self.handler = handler
    }
}

extension EventLoop {
    /// Handles a signal that `SignalMask.block` has blocked; throws EBUSY for one that is not.
    package func signal(
        _ signal: Signal,
        priority: EventPriority = .normal,
        _ handler: @escaping (ReceivedSignal) -> Void
    ) throws(SystemError) -> SignalSource {
        let source = SignalSource(signal, handler)
        var pointer: OpaquePointer?
        try check(
            sd_event_add_signal(
                event,
                &pointer,
                signal.number,
                { _, info, userdata in
                    let senderID = ProcessID(bitPattern: info?.pointee.ssi_pid ?? 0)
                    let userID = info?.pointee.ssi_uid ?? 0
                    return EventSource.fire(userdata, as: SignalSource.self) { source in
                        source.handler(
                            ReceivedSignal(signal: source.signal, senderID: senderID, senderUserID: userID)
                        )
                    }
                },
                source.userdata
            ),
            "handle a signal",
            signal.description
        )
        source.adopt(pointer, priority)
        return source
    }
}
