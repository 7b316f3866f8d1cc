import KoomyModel

/// What an operator scaled stays as it is until the file has another number than it had then.
extension Fleet {
    /// The request with the scaled numbers in place of the file's.
    func keepingScale(_ request: Request) -> Request {
        switch request {
        case .define(let definitions): .define(definitions.map(keepingScale))
        case .reload(let reloads):
            .reload(
                reloads.map { Reload(target: $0.target, definition: $0.definition.map(keepingScale), plan: $0.plan) }
            )
        case .start, .stop, .restart, .abort, .pause, .resume, .promote, .scale, .reset, .delete, .shutdown: request
        }
    }

    private func keepingScale(_ definition: Definition) -> Definition {
        guard let wanted = desired[definition.spec.name], wanted.fileInstances == definition.spec.instances else {
            return definition
        }
        var kept = definition
        kept.spec.instances = wanted.spec.instances
        return kept
    }

    /// Lets go of the scaled numbers of apps whose files have another one by now; it becomes true with the request.
    func forgetScale(_ request: Request, _ preparation: inout Preparation) {
        var wanted = preparation.desired ?? desired
        for spec in request.specs {
            guard let before = wanted[spec.name]?.fileInstances, before != spec.instances else { continue }
            wanted[spec.name]?.fileInstances = nil
        }
        if preparation.desired != nil || wanted != desired { preparation.desired = wanted }
    }
}

extension Request {
    fileprivate var specs: [AppSpec] {
        switch self {
        case .define(let definitions): definitions.map(\.spec)
        case .reload(let reloads): reloads.uniqued().compactMap { $0.definition?.spec }
        case .start, .stop, .restart, .abort, .pause, .resume, .promote, .scale, .reset, .delete, .shutdown: []
        }
    }
}

extension [Reload] {
    /// Of several for one target the first counts.
    fileprivate func uniqued() -> [Reload] {
        var seen: Set<Target> = []
        return filter { seen.insert($0.target).inserted }
    }
}
