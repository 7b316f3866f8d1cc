#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loadgen.h"

/* Values below LINEAR have a bucket each; above, each power of two is cut into HALF equal parts. */
enum { LINEAR = 2048, HALF = LINEAR / 2, POWERS = 34, BUCKETS = LINEAR + POWERS * HALF };

static unsigned bucket_of(uint64_t value) {
    if (value < LINEAR) return (unsigned)value;
    int shift = 63 - __builtin_clzll(value) - 10;
    uint64_t bucket = LINEAR + (uint64_t)(shift - 1) * HALF + (value >> shift) - HALF;
    return bucket < BUCKETS ? (unsigned)bucket : BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned bucket) {
    if (bucket < LINEAR) return bucket;
    unsigned power = (bucket - LINEAR) / HALF, part = (bucket - LINEAR) % HALF;
    return ((uint64_t)(part + HALF) << (power + 1)) + (1ull << power);
}

void histogram_init(struct histogram *histogram) {
    histogram->buckets = malloc(BUCKETS * sizeof *histogram->buckets);
    if (!histogram->buckets) abort();
    histogram_clear(histogram);
}

void histogram_clear(struct histogram *histogram) {
    memset(histogram->buckets, 0, BUCKETS * sizeof *histogram->buckets);
    histogram->count = histogram->max = 0;
    histogram->min = UINT64_MAX;
    histogram->sum = 0;
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->count++;
    histogram->sum += (double)value;
    if (value > histogram->max) histogram->max = value;
    if (value < histogram->min) histogram->min = value;
    histogram->buckets[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    into->count += from->count;
    into->sum += from->sum;
    if (from->max > into->max) into->max = from->max;
    if (from->min < into->min) into->min = from->min;
    for (unsigned i = 0; i < BUCKETS; i++) into->buckets[i] += from->buckets[i];
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile) {
    if (!histogram->count) return 0;
    uint64_t wanted = (uint64_t)ceil(quantile * (double)histogram->count), seen = 0;
    if (!wanted) wanted = 1;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen < wanted) continue;
        uint64_t value = value_of(i);
        if (value > histogram->max) return histogram->max;
        return value < histogram->min ? histogram->min : value;
    }
    return histogram->max;
}
