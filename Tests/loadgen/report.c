#include <stdlib.h>

#include "loadgen.h"

static double milliseconds(nanos span) { return (double)span / (double)MILLISECOND; }
static double seconds(nanos span) { return (double)span / (double)SECOND; }
static unsigned long long plain(uint64_t number) { return number; }

static void write_text(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? '?' : *text, out);
    }
    fputc('"', out);
}

static void write_latency(FILE *out, const struct histogram *h) {
    double mean = h->count ? h->sum / (double)h->count / (double)MILLISECOND : 0;
    fprintf(out, "{\"n\":%llu,\"min\":%.3f,\"mean\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p99.9\":%.3f,"
                 "\"max\":%.3f}",
            plain(h->count), h->count ? milliseconds(h->min) : 0, mean, milliseconds(histogram_quantile(h, .5)),
            milliseconds(histogram_quantile(h, .9)), milliseconds(histogram_quantile(h, .99)),
            milliseconds(histogram_quantile(h, .999)), milliseconds(h->max));
}

static uint64_t write_failures(FILE *out, const uint64_t *failures) {
    uint64_t sum = 0;
    for (int i = 0; i < FAILURES; i++) {
        fprintf(out, "%c\"%s\":%llu", i ? ',' : '{', failure_names[i], plain(failures[i]));
        sum += failures[i];
    }
    fputc('}', out);
    return sum;
}

static void write_status(FILE *out) {
    const char *separator = "";
    for (int i = 0; i < 1000; i++) {
        if (!tally.status[i]) continue;
        fprintf(out, "%s\"%d\":%llu", separator, i, plain(tally.status[i]));
        separator = ",";
    }
}

static void write_phases(FILE *out, nanos now) {
    for (int i = 0; i < tally.phase_count; i++) {
        const struct phase *phase = &tally.phases[i];
        nanos to = i + 1 < tally.phase_count ? phase[1].from : now;
        fprintf(out, "%s\n  {\"phase\":%d,\"from_s\":%.3f,\"to_s\":%.3f,\"ok\":%llu,\"failed_by_kind\":", i ? "," : "",
                i, seconds(phase->from - tally.start), seconds(to - tally.start), plain(phase->ok));
        uint64_t failed = write_failures(out, phase->failures);
        fprintf(out, ",\"failed\":%llu,\"max_gap_ms\":%.3f,\"latency_ms\":", plain(failed),
                milliseconds(phase->longest_gap));
        write_latency(out, &phase->latency);
        fputc('}', out);
    }
}

static void write_bodies(FILE *out) {
    for (int i = 0; i < tally.body_count; i++) {
        const struct body *body = &tally.bodies[i];
        fprintf(out, "%s\n  {\"body\":\"%s\",\"n\":%llu,\"first_s\":%.4f,\"last_s\":%.4f}", i ? "," : "", body->text,
                plain(body->count), seconds(body->first - tally.start), seconds(body->last - tally.start));
    }
}

uint64_t report(nanos counted_until) {
    nanos now = clock_now();
    struct phase all = {0};
    uint64_t failed = 0;
    histogram_init(&all.latency);
    for (int i = 0; i < tally.phase_count; i++) {
        const struct phase *phase = &tally.phases[i];
        all.ok += phase->ok;
        histogram_merge(&all.latency, &phase->latency);
        if (phase->longest_gap > all.longest_gap) all.longest_gap = phase->longest_gap;
        for (int k = 0; k < FAILURES; k++) all.failures[k] += phase->failures[k];
    }
    for (int k = 0; k < FAILURES; k++) failed += all.failures[k];

    FILE *out = options.report_path ? fopen(options.report_path, "we") : stdout;
    if (!out) {
        perror(options.report_path);
        exit(2);
    }
    double counted = counted_until > tally.counted_from ? seconds(counted_until - tally.counted_from) : 0;
    fputs("{\"target\":", out);
    write_text(out, options.target);
    fprintf(out, ",\"mode\":\"%s\",\"rate\":%g,\"connections\":%d,\"keepalive\":%s,\"duration_s\":%.3f,\"wall_s\":%.3f,\n "
                 "\"begun\":%llu,\"ok\":%llu,\"failed\":%llu,\"ok_per_s\":%.2f,\"retried\":%llu,\"connects\":%llu,"
                 "\"max_inflight\":%d,\"bytes\":%llu,\n \"failed_by_kind\":",
            options.rate <= 0 ? "closed" : options.poisson ? "open-poisson" : "open", options.rate, options.limit,
            options.keep_alive ? "true" : "false", counted, seconds(now - tally.start), plain(tally.begun),
            plain(all.ok), plain(failed), counted > 0 ? (double)all.ok / counted : 0, plain(tally.retried),
            plain(tally.connects), tally.most_in_flight, plain(tally.bytes));
    write_failures(out, all.failures);
    fputs(",\n \"status\":{", out);
    write_status(out);
    fputs("},\n \"latency_ms\":", out);
    write_latency(out, &all.latency);
    fprintf(out, ",\"max_gap_ms\":%.3f,\n \"start_lag_ms\":", milliseconds(all.longest_gap));
    write_latency(out, &tally.start_lag);
    fputs(",\n \"phases\":[", out);
    write_phases(out, now);
    fputs("],\n \"bodies\":[", out);
    write_bodies(out);
    fputs("]}\n", out);
    if (out != stdout) fclose(out);
    if (!options.quiet)
        fprintf(stderr, "ok %llu failed %llu p50 %.2f p99 %.2f max %.2f ms\n", plain(all.ok), plain(failed),
                milliseconds(histogram_quantile(&all.latency, .5)), milliseconds(histogram_quantile(&all.latency, .99)),
                milliseconds(all.latency.max));
    return failed;
}
