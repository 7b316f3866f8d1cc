/* loadgen: an HTTP/1.1 load generator that counts every failure; see usage() in options.c.
 *
 * Open loop (-r): request i is due at t0 + i/rate whatever the server does, and its latency counts from then, so a
 * stall is charged to every request that should have been sent meanwhile (no coordinated omission). Closed loop: a
 * fixed number of requests is always outstanding, and latency counts from the moment a request was begun.
 *
 * Every request ends in exactly one bin, ok or one failure class: ok + failed == begun + unsent. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* A point on CLOCK_MONOTONIC, or a length of time, in nanoseconds. */
typedef uint64_t nanos;
#define MILLISECOND 1000000ull
#define SECOND 1000000000ull
nanos clock_now(void);

/* ---- options.c ---- */
enum { MAX_PHASES = 32 };

struct options {
    int limit; /* closed loop: requests outstanding; open loop: most in flight */
    double duration, warm_up, rate; /* seconds; requests a second, 0 for a closed loop */
    bool poisson, keep_alive, retry, tally_bodies, quiet;
    int expected_status; /* 0 for any 2xx or 3xx */
    int sources; /* source addresses 127.0.0.1 to 127.0.0.N */
    nanos timeout, pause, tick;
    uint64_t seed;
    double boundaries[MAX_PHASES]; /* seconds after the start */
    int boundary_count;
    FILE *timeline, *failures;
    const char *report_path; /* NULL for standard output */
    const char *target;
    bool is_head;
    char *request;
    size_t request_length;
    struct sockaddr_storage address;
    socklen_t address_length;
};
extern struct options options;

/* Fills `options`; exits with 2 for a command line that makes no sense. */
void read_options(int count, char **arguments);

/* ---- histogram.c: log-linear, less than 0.1 % off ---- */
struct histogram {
    uint64_t count, min, max;
    double sum;
    uint64_t *buckets;
};
void histogram_init(struct histogram *);
void histogram_clear(struct histogram *);
void histogram_add(struct histogram *, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
uint64_t histogram_quantile(const struct histogram *, double quantile);

/* ---- response.c: one response, byte by byte ---- */
enum { SAMPLE_SIZE = 64 };

struct response {
    char head[16384];
    int head_length;
    bool head_done, chunked, closes;
    int status;
    int64_t length; /* of the body; -1 until the server closes, or chunked */
    int64_t body; /* received */
    uint64_t received; /* bytes in all */
    struct {
        enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, TRAILER } state;
        uint64_t left;
        int digits, line_length;
    } chunk;
    char sample[SAMPLE_SIZE]; /* the body's first bytes, printable */
    int sample_length;
};
enum parse { PARSE_MORE, PARSE_DONE, PARSE_BAD };

void response_init(struct response *);
enum parse response_feed(struct response *, const char *bytes, size_t count);
/* Whether the end of the stream is the end of the response. */
bool response_ends_at_close(const struct response *);

/* ---- tally.c: what became of the requests ---- */
enum failure {
    CONNECT_REFUSED, CONNECT_TIMEOUT, CONNECT_RESET, CONNECT_OTHER,
    RESET_NO_RESPONSE, CLOSED_NO_RESPONSE, STALE_KEEPALIVE, TRUNCATED, TIMEOUT, BAD_STATUS, BAD_PROTOCOL,
    LOCAL_ERROR, UNSENT, FAILURES
};
extern const char *const failure_names[FAILURES];

struct phase {
    nanos from, last_ok, longest_gap;
    uint64_t ok, failures[FAILURES];
    struct histogram latency;
};
struct body {
    char text[SAMPLE_SIZE];
    uint64_t count;
    nanos first, last;
};

struct tally {
    nanos start; /* of the run */
    nanos counted_from; /* requests due before are warm-up and not counted */
    struct phase phases[MAX_PHASES];
    int phase_count;
    uint64_t status[1000];
    struct body bodies[256];
    int body_count;
    uint64_t begun, connects, retried, bytes;
    int most_in_flight;
    struct histogram start_lag; /* how late requests were begun */
};
extern struct tally tally;

/* What the tally has to know of a request. */
struct request {
    nanos due, begun;
    bool on_reused_connection;
};

void tally_init(nanos start, nanos counted_from);
void tally_phase(nanos from);
bool tally_counts(const struct request *);
void tally_ok(const struct request *, const struct response *, nanos now);
void tally_failure(const struct request *, const struct response *, enum failure, int error, nanos now);
/* One row of the timeline for each tick that has passed; returns when the next is due. */
nanos tally_timeline(nanos now, int in_flight);

/* ---- connection.c ---- */
void connections_init(void);
/* Begins a request on an idle connection or on a new one. */
void connections_begin(nanos due, nanos now);
int connections_in_flight(void);
/* Ends what has waited too long; returns when the next one will have. */
nanos connections_expire(nanos now);
/* Ends everything that is in flight. */
void connections_give_up(nanos now);
/* Waits for events until `wake` at most and handles them. */
void connections_wait(nanos wake, const void *signal_mask);

/* ---- report.c ---- */
/* Writes the JSON and the summary; returns how many requests failed. */
uint64_t report(nanos counted_until);
