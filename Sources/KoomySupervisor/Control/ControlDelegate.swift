package import KoomySystem
package import KoomyWire

/// What the control server asks of the daemon behind it.
package protocol ControlDelegate: AnyObject {
    func status() -> StatusView

    /// One app with its `spec`; nil where there is none of that name.
    func app(_ name: String) -> AppView?

    /// What replaced an app's workers; nil where there is none of that name.
    func deployments(_ name: String) -> DeploymentsView?

    /// What is not as it should be.
    func doctor() -> DoctorView

    /// The names of all apps, for those who have mistyped one.
    func knownApps() -> [String]

    /// Begins what is asked for, or refuses it; the stream gets progress and the result then or later.
    ///
    /// A command that comes again with the same key is the same command: this stream gets the rest of it, or its result.
    func execute(
        _ command: ControlCommand,
        key: String?,
        from peer: PeerCredentials,
        answering stream: CommandStream
    )

    /// The events after a number that are still remembered, in order.
    func events(since sequence: UInt64) -> [EventView]

    /// Whether this peer may look, or change something.
    func permits(_ peer: PeerCredentials, changing: Bool) -> Bool
}
