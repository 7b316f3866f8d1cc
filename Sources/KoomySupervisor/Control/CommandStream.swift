package import KoomyWire

/// The answer to one command: progress as it comes, then one result.
///
/// It can be kept and used for as long as the command takes; what is sent after its client has gone is dropped.
package final class CommandStream {
    private let stream: ResponseStream
    /// What is answered instead, where the command was refused in time.
    private(set) var refusal: (status: UInt32, error: ErrorView)?
    private var isFinished = false
    private var isAccepted = false

    /// Called once where the client goes, or is cut off, before the result; the command goes on.
    package var onClose: (() -> Void)?

    init(_ stream: ResponseStream) {
        self.stream = stream
        stream.onClose = { [weak self] in self?.streamClosed() }
    }

    isolated deinit {
        guard !isFinished else { return }
        finish(CommandResult(.internalError, message: "the command was lost in the daemon; see its log"))
    }

    /// Whether there is somebody who waits for the result.
    package var isOpen: Bool { !isFinished && stream.isOpen }

    /// Tells the client what happens.
    package func send(_ progress: CommandProgress) {
        guard !isFinished else { return }
        write(.progress(progress))
    }

    /// Tells the client how it ended; nothing can follow.
    package func finish(_ result: CommandResult) {
        guard !isFinished else { return }
        write(.result(result))
        isFinished = true
        stream.end()
    }

    /// Ends the answer without a result, because another koomyd will have it: a client that sent a key asks for it there.
    package func breakOff() {
        guard !isFinished else { return }
        isFinished = true
        isAccepted = true
        stream.end()
    }

    /// Says why the command was not begun, with an HTTP status, before anything was sent.
    ///
    /// The status is said while `execute` runs; after that the client has status 200, and gets the same as a result.
    package func refuse(status: UInt32, _ error: ErrorView) {
        guard !isFinished else { return }
        guard !isAccepted else {
            finish(CommandResult(error))
            return
        }
        refusal = (status, error)
        isFinished = true
        stream.end()
    }

    /// From now on the client has a status.
    func accept() { isAccepted = true }

    private func write(_ message: CommandMessage) {
        isAccepted = true
        do {
            stream.write(try WireCoding.encodeLine(message))
        } catch {
            stream.cut()
        }
    }

    private func streamClosed() {
        let handler = onClose
        onClose = nil
        if !isFinished { handler?() }
    }
}

extension CommandResult {
    /// The result that says what an error says.
    fileprivate init(_ error: ErrorView) {
        self.init(
            code: error.exitCode,
            outcome: error.code,
            message: error.message,
            hint: error.hint,
            diagnostics: error.diagnostics
        )
    }
}
