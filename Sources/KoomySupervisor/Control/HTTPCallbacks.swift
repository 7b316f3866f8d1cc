import CMicrohttpd

/// The C functions that libmicrohttpd calls, all on the thread that runs it, which is the loop's.
nonisolated enum HTTPCallbacks {
    /// Everything but the context and the limits.
    static var settings: koomy_mhd_settings {
        var settings = koomy_mhd_settings()
        settings.handle = { context, connection, _, method, _, upload, size, _ in
            let descriptor = koomy_mhd_connection_descriptor(connection)
            let length = MHD_lookup_connection_value(connection, .HEADER_KIND, "Content-Length")
            nonisolated(unsafe) let raw = connection
            nonisolated(unsafe) let piece = UnsafeRawBufferPointer(start: upload, count: size?.pointee ?? 0)
            let method = method.map { String(cString: $0) } ?? ""
            let declaredLength = length.flatMap { Int(String(cString: $0)) }
            let goesOn = HTTPCallbacks.fire(context) { server in
                guard let raw else { return false }
                return server.handle(
                    raw,
                    descriptor: descriptor,
                    method: method,
                    declaredLength: declaredLength,
                    piece: piece
                )
            }
            // Everything was taken.
            size?.pointee = 0
            return goesOn == true ? .YES : .NO
        }
        settings.completed = { context, connection, _, _ in
            let descriptor = koomy_mhd_connection_descriptor(connection)
            HTTPCallbacks.fire(context) { $0.endExchange(descriptor: descriptor) }
        }
        settings.connection = { context, connection, _, what in
            let descriptor = koomy_mhd_connection_descriptor(connection)
            nonisolated(unsafe) let raw = connection
            let isNew = what == .CONNECTION_NOTIFY_STARTED
            HTTPCallbacks.fire(context) { server in
                if isNew, let raw {
                    server.begin(raw, descriptor: descriptor)
                } else {
                    server.end(descriptor: descriptor)
                }
            }
        }
        settings.begin = { context, target, connection in
            let descriptor = koomy_mhd_connection_descriptor(connection)
            let target = target.map { String(cString: $0) } ?? ""
            HTTPCallbacks.fire(context) { $0.beginExchange(descriptor: descriptor, target: target) }
            return nil
        }
        return settings
    }

    /// Asks a stream for content.
    static var read: MHD_ContentReaderCallback {
        { context, _, buffer, size in
            guard let context, let buffer else { return -2 }
            nonisolated(unsafe) let pointer = context
            nonisolated(unsafe) let room = UnsafeMutableRawBufferPointer(start: buffer, count: size)
            return MainActor.assumeIsolated {
                Unmanaged<ResponseStream>.fromOpaque(pointer).takeUnretainedValue().fill(room)
            }
        }
    }

    /// Drops a stream of which no more is wanted.
    static var free: MHD_ContentReaderFreeCallback {
        { context in
            guard let context else { return }
            nonisolated(unsafe) let pointer = context
            MainActor.assumeIsolated { Unmanaged<ResponseStream>.fromOpaque(pointer).release() }
        }
    }

    /// The one place through which a callback comes back to its server.
    @discardableResult
    static func fire<Result: Sendable>(
        _ context: UnsafeMutableRawPointer?,
        _ body: @MainActor (HTTPServer) -> Result
    ) -> Result? {
        guard let context else { return nil }
        // The pointer goes from this thread to this thread.
        nonisolated(unsafe) let pointer = context
        return MainActor.assumeIsolated { body(Unmanaged<HTTPServer>.fromOpaque(pointer).takeUnretainedValue()) }
    }
}
