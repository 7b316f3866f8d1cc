import CMicrohttpd
import KoomyWorker

/// An event that one request wants stored.
struct StoreJob: Sendable {
    var exchange: ExchangeID
    var event: WebhookEvent

    /// The thread that writes: events that come while the disk syncs share the next transaction.
    static func lane(for store: WebhookStore, reportingTo mailbox: Mailbox<BackgroundResult>) -> Lane<StoreJob>? {
        Lane(limit: Application.laneLimit) { jobs in
            do throws(StoreProblem) {
                let isNew = try store.record(jobs.map(\.event))
                for (job, isNew) in zip(jobs, isNew) { mailbox.post(.stored(job.exchange, .success(isNew))) }
            } catch {
                for job in jobs { mailbox.post(.stored(job.exchange, .failure(error))) }
            }
        }
    }
}

extension Application {
    /// `POST /api/webhooks/stripe`: checked, stored once and for good, then acknowledged.
    ///
    /// Stripe delivers again whatever is not answered with 2xx, so every failure here is a delay and not a loss.
    func stripeWebhook(_ exchange: Exchange) -> Reply? {
        guard !exchange.isBodyTooLarge else { return Exchange.tooLarge }
        guard let secret = options.stripeSecret else {
            log.write(.error, "webhook refused: STRIPE_WEBHOOK_SECRET is not set")
            return .unavailable("no_secret", "This worker has no STRIPE_WEBHOOK_SECRET and cannot check signatures.")
        }
        guard let storing else {
            log.write(.error, "webhook refused: no database is configured")
            return .unavailable("no_database", "This worker has no database to store webhooks in.")
        }
        guard let header = exchange.header("Stripe-Signature") else {
            return .failure(MHD_HTTP_BAD_REQUEST, "no_signature", "The header Stripe-Signature is missing.")
        }
        do throws(StripeSignature.Problem) {
            try StripeSignature(parsing: header).verify(exchange.body, secret: secret, now: WallClock.now().seconds)
        } catch {
            return switch error {
            case .malformed:
                .failure(MHD_HTTP_BAD_REQUEST, "bad_signature_header", "Stripe-Signature is not of the form t=…,v1=….")
            case .mismatch:
                .failure(MHD_HTTP_UNAUTHORIZED, "bad_signature", "No signature is right for this body.")
            case .outsideTolerance:
                .failure(MHD_HTTP_UNAUTHORIZED, "old_signature", "The signature's time is more than 300 s off.")
            }
        }
        guard let event = JSONParser.parse(exchange.body), let id = event["id"]?.text, let type = event["type"]?.text,
            !id.isEmpty
        else {
            return .failure(MHD_HTTP_BAD_REQUEST, "bad_event", "The body is no JSON object with id and type.")
        }
        let webhook = WebhookEvent(id: id, type: type, payload: exchange.body)
        guard storing.submit(StoreJob(exchange: exchange.id, event: webhook)) else {
            return .unavailable("busy", "Too many webhooks wait to be stored.")
        }
        return wait(exchange, for: .storing(webhook))
    }

    func stored(_ id: ExchangeID, _ result: Result<Bool, StoreProblem>) -> Finished? {
        guard let entry = waiting[id], case .storing(let event) = entry.what else { return nil }
        var about = [
            JSON.Member(name: "id", value: .string(event.id)),
            JSON.Member(name: "type", value: .string(event.type)),
            JSON.Member(
                name: "duration",
                value: .number(RequestLog.milliseconds(.now() - entry.exchange.begunAt))
            ),
        ]
        switch result {
        case .success(let isNew):
            log.write(.info, "webhook processed", about + [JSON.Member(name: "duplicate", value: .bool(!isNew))])
            return finish(id, .ok(["received": true, "id": .string(event.id), "duplicate": .bool(!isNew)]))
        case .failure(let problem):
            about.append(JSON.Member(name: "problem", value: .string(problem.description)))
            log.write(.error, "webhook not stored", about)
            return finish(id, .unavailable("not_stored", "The event could not be stored; deliver it again."))
        }
    }
}
