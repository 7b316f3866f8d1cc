import KoomyModel

/// A log file of an app, and what in the file gave it its name.
struct PlacedLogFile {
    /// Absolute, or a bare name in the daemon's log folder.
    let name: String
    let place: SourceText.Place
    let path: String
}

extension AppReader {
    /// The files that koomyd would write, or hand to the workers.
    func logFiles(of spec: AppSpec, namePlace: SourceText.Place) -> [PlacedLogFile] {
        let logs = spec.logs
        guard logs.target == .file || logs.target == .direct else { return [] }
        let files: [(name: String?, key: AppAttribute)] = [
            (logs.outFile ?? "\(spec.name)-out.log", .outFile),
            (logs.errorFile ?? "\(spec.name)-error.log", .errorFile),
            (logs.combinedFile, fields[.logFile] == nil ? .log : .logFile),
        ]
        return files.compactMap { name, key in
            guard let name, name != "/dev/null" else { return nil }
            let field = fields[key]
            return PlacedLogFile(
                name: name,
                place: field?.node.place ?? namePlace,
                path: field?.path ?? Fields<AppAttribute>.join(fields.path, "name")
            )
        }
    }
}

extension EcosystemReader {
    /// Several apps may write one file, where that was asked for and all of them keep it in the same way.
    func checkLogFiles(_ results: [AppReader.Result]) {
        var taken: [String: (file: PlacedLogFile, spec: AppSpec)] = [:]
        for result in results {
            for file in result.logFiles {
                // Files for each slot have other names than the one that is shared.
                let key = file.name + (result.spec.logs.isMerged ? "" : ":")
                guard let other = taken[key] else {
                    taken[key] = (file, result.spec)
                    continue
                }
                let place = other.file.place
                if other.spec.name == result.spec.name { continue }
                if !file.name.hasPrefix("/") {
                    report.error(
                        at: file.place,
                        path: file.path,
                        "\(file.name) in the log folder is a file of \"\(other.spec.name)\" too",
                        hint: "give one of them a path of its own; that app is at \(place.line):\(place.column)"
                    )
                } else if other.spec.logs.keeping != result.spec.logs.keeping {
                    report.error(
                        at: file.place,
                        path: file.path,
                        "\"\(other.spec.name)\" writes this file too, and keeps it in another way",
                        hint: "give both the same log: and merge_logs, or two files; the other is at "
                            + "\(place.line):\(place.column)"
                    )
                }
            }
        }
    }
}

extension LogSpec {
    /// What is done with a file, without its name and what its lines look like.
    fileprivate var keeping: LogSpec {
        var keeping = self
        (keeping.outFile, keeping.errorFile, keeping.combinedFile, keeping.format) = (nil, nil, nil, .raw)
        return keeping
    }
}
