package import KoomySystem

/// The pipe that a worker writes one of its streams to, as one of those whose lines a log file takes.
///
/// What is in it outlives koomyd, and so does the mark that it was the last to write to its file: a line that a kill
/// of koomyd left without its end is continued by this pipe and by no other.
package final class LogPipe {
    package let shared: SharedDescriptor
    /// Which pipe it is, whoever has it open.
    package let identity: FileIdentity
    /// Whether it was the last that bytes went from to the file inside the kernel.
    package private(set) var isMarked: Bool

    package init(_ descriptor: consuming FileDescriptor) {
        isMarked = descriptor.hasPipeMark()
        identity = FileIdentity(of: descriptor.number) ?? FileIdentity(device: 0, inode: 0)
        shared = SharedDescriptor(descriptor)
    }

    package func setMark(_ isSet: Bool) {
        guard isSet != isMarked else { return }
        shared.descriptor.setPipeMark(isSet)
        isMarked = isSet
    }
}
