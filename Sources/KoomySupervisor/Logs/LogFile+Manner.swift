package import KoomyModel
package import KoomySystem

extension LogFile {
    /// How it is made, how it is put aside, and how koomyd speaks in it.
    package struct Manner {
        package var mode: UInt32 = 0o640
        package var owner: FileOwner?
        package var rotation: LogRotation?
        package var format = LineFormat.raw

        package init(mode: UInt32 = 0o640, rotation: LogRotation? = nil) {
            self.mode = mode
            self.rotation = rotation
        }
    }
}
