#include <string.h>

#include "loadgen.h"

const char *const failure_names[FAILURES] = {
    "connect_refused", "connect_timeout", "connect_reset", "connect_other",
    "reset_no_response", "closed_no_response", "stale_keepalive", "truncated", "timeout", "bad_status", "bad_protocol",
    "local_error", "unsent",
};

struct tally tally;

/* What the current row of the timeline has so far. */
static struct {
    nanos end;
    uint64_t ok, failed;
    struct histogram latency;
} tick;

void tally_init(nanos start, nanos counted_from) {
    tally.start = start;
    tally.counted_from = counted_from;
    histogram_init(&tally.start_lag);
    tally_phase(counted_from);
    histogram_init(&tick.latency);
    tick.end = start + options.tick;
    if (options.timeline) fputs("t_s,ok,failed,p50_ms,max_ms,inflight\n", options.timeline);
}

void tally_phase(nanos from) {
    if (tally.phase_count == MAX_PHASES) return;
    struct phase *phase = &tally.phases[tally.phase_count++];
    phase->from = phase->last_ok = from;
    histogram_init(&phase->latency);
}

/* A request belongs to the phase in which it ends. */
static struct phase *current_phase(void) { return &tally.phases[tally.phase_count - 1]; }

bool tally_counts(const struct request *request) { return request->due >= tally.counted_from; }

static void tally_body(const struct response *response, nanos now) {
    char text[SAMPLE_SIZE] = "";
    memcpy(text, response->sample, (size_t)response->sample_length);
    int i = 0;
    while (i < tally.body_count && strcmp(tally.bodies[i].text, text) != 0) i++;
    if (i == (int)(sizeof tally.bodies / sizeof *tally.bodies)) return;
    struct body *body = &tally.bodies[i];
    if (i == tally.body_count) {
        memcpy(body->text, text, sizeof text);
        body->first = now;
        tally.body_count++;
    }
    body->count++;
    body->last = now;
}

void tally_ok(const struct request *request, const struct response *response, nanos now) {
    if (!tally_counts(request)) return;
    struct phase *phase = current_phase();
    nanos latency = now - request->due;
    phase->ok++;
    histogram_add(&phase->latency, latency);
    if (now - phase->last_ok > phase->longest_gap) phase->longest_gap = now - phase->last_ok;
    phase->last_ok = now;
    tally.status[response->status]++;
    tick.ok++;
    if (options.timeline) histogram_add(&tick.latency, latency);
    if (options.tally_bodies) tally_body(response, now);
}

static double since_start(nanos at) { return ((double)at - (double)tally.start) / (double)SECOND; }

void tally_failure(const struct request *request, const struct response *response, enum failure failure, int error,
                   nanos now) {
    if (!tally_counts(request)) return;
    current_phase()->failures[failure]++;
    tick.failed++;
    if (failure == BAD_STATUS) tally.status[response->status]++;
    if (!options.failures) return;
    fprintf(options.failures, "%.6f %.6f %.6f %s %d %d %d %llu\n", since_start(now), since_start(request->due),
            since_start(request->begun), failure_names[failure], error, response ? response->status : 0,
            request->on_reused_connection, response ? (unsigned long long)response->received : 0);
}

nanos tally_timeline(nanos now, int in_flight) {
    if (!options.timeline) return UINT64_MAX;
    for (; now >= tick.end; tick.end += options.tick) {
        fprintf(options.timeline, "%.3f,%llu,%llu,%.3f,%.3f,%d\n", since_start(tick.end), (unsigned long long)tick.ok,
                (unsigned long long)tick.failed, (double)histogram_quantile(&tick.latency, .5) / (double)MILLISECOND,
                (double)tick.latency.max / (double)MILLISECOND, in_flight);
        tick.ok = tick.failed = 0;
        if (tick.latency.count) histogram_clear(&tick.latency);
    }
    return tick.end;
}
