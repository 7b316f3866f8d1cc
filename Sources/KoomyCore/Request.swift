package import KoomyModel

/// What an operator asks of the fleet.
package enum Request: Hashable, Sendable, Codable {
    /// Start these, as their files have them; one that runs with the same specification stays as it is.
    case define([Definition])
    case start([Target])
    case stop([Target])
    case restart([Target])
    case reload([Reload])
    case abort([Target])
    case pause([Target])
    case resume([Target])
    case promote([Target])
    case scale(AppName, Scale)
    case reset([Target])
    case delete([Target])
    /// Let every worker drain and leave, or kill them all; what is wanted does not change.
    case shutdown(Urgency)
}

/// An app as a file has it.
package struct Definition: Hashable, Sendable, Codable {
    package var spec: AppSpec
    package var file: String?

    package init(spec: AppSpec, file: String?) {
        self.spec = spec
        self.file = file
    }
}

/// An app, one of its slots, or every app.
package struct Target: Hashable, Sendable, Codable {
    /// nil for every app.
    package var app: AppName?
    package var slot: Int?

    package init(app: AppName?, slot: Int? = nil) {
        self.app = app
        self.slot = slot
    }
}

/// A target to be rolled, and what its file says now; without a definition the one in service is used, or the one that is being rolled out.
package struct Reload: Hashable, Sendable, Codable {
    package var target: Target
    package var definition: Definition?
    package var plan: Rollout.Plan

    package init(target: Target, definition: Definition? = nil, plan: Rollout.Plan = Rollout.Plan()) {
        self.target = target
        self.definition = definition
        self.plan = plan
    }
}

extension Reload {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(target: try values.read(.target))
        try values.read(.definition, into: &definition)
        try values.read(.plan, into: &plan)
    }
}

package enum Scale: Hashable, Sendable, Codable {
    case to(Int)
    case by(Int)
}

package enum Urgency: Hashable, Sendable, Codable { case drain, now }

/// How a command ended, for one app or as a whole.
package enum Outcome: Hashable, Sendable, Codable {
    case done
    case noSuchApp
    case rollout(RolloutOutcome)
    /// A listener could not be opened; nothing was changed.
    case cannotListen
    /// The desired state could not be written.
    case notSaved
    /// It does not fit what is going on.
    case refused
    case shuttingDown
}

extension Outcome {
    /// Whether what was asked for has come to be.
    var isSuccess: Bool {
        switch self {
        case .done, .rollout(.done), .rollout(.drainForced): true
        case .rollout, .noSuchApp, .cannotListen, .notSaved, .refused, .shuttingDown: false
        }
    }
}

package struct AppReply: Hashable, Sendable, Codable {
    package var app: AppName?
    package var outcome: Outcome
    package var message: String
}

package struct Reply: Hashable, Sendable, Codable {
    package var apps: [AppReply]

    /// The first that is not done, else done.
    package var outcome: Outcome { apps.first { $0.outcome != .done }?.outcome ?? .done }
}
