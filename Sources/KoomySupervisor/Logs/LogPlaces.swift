package import KoomyModel

/// The paths of an app's log files.
package struct LogPlaces {
    /// One file, and what is in it.
    package struct Place: Hashable {
        package var path: String
        /// nil for both streams.
        package var stream: LogStream?
        /// nil where all slots share it.
        package var slot: Int?
    }

    private let spec: AppSpec
    private let folder: String

    /// - Parameters:
    ///   - spec: What is wanted.
    ///   - folder: Where files are whose place the app does not say.
    package init(_ spec: AppSpec, folder: String) {
        self.spec = spec
        self.folder = folder
    }

    /// The files that a stream of one slot goes to.
    package func files(of stream: LogStream, slot: Int) -> [Place] {
        let number = spec.logs.isMerged ? nil : slot
        let own = own(stream).map { Place(path: Self.path($0, of: number), stream: stream, slot: number) }
        let both = spec.logs.combinedPath(in: folder).map {
            Place(path: Self.path($0, of: number), stream: nil, slot: number)
        }
        return [own, both].compactMap { $0 }
    }

    /// All files of the app.
    package var all: [Place] {
        guard spec.logs.target == .file || spec.logs.target == .direct else { return [] }
        let slots = spec.logs.isMerged ? 1 : spec.instances
        var places: [Place] = []
        for slot in 0..<max(1, slots) {
            for place in files(of: .out, slot: slot) + files(of: .error, slot: slot) where !places.contains(place) {
                places.append(place)
            }
        }
        return places
    }

    /// Nothing goes to a file that is not wanted beside the one for both streams.
    private func own(_ stream: LogStream) -> String? {
        switch stream {
        case .out: spec.logs.outFile ?? "\(folder)/\(spec.name)-out.log"
        case .error: spec.logs.errorFile ?? "\(folder)/\(spec.name)-error.log"
        }
    }

    /// PM2's rule: the number before `.log`, or at the end.
    private static func path(_ path: String, of slot: Int?) -> String {
        guard let slot, path != "/dev/null" else { return path }
        return path.hasSuffix(".log") ? "\(path.dropLast(4))-\(slot).log" : "\(path)-\(slot)"
    }
}
