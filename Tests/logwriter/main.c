/* logwriter: writes numbered lines, as fast as they are taken, and checks that each of them arrived.
 *
 *   logwriter write LINES CHUNK GATE TIMES   wait until somebody opens the FIFO GATE, write LINES lines of 100 bytes to
 *                                            standard output, CHUNK bytes a write(2), and write "BEGAN ENDED" to TIMES,
 *                                            nanoseconds of CLOCK_MONOTONIC
 *   logwriter check LINES FILE..             the files, one after the other, hold every line once and in order, with
 *                                            anything before and after it in its line; prints how many bytes they have,
 *                                            or what is wrong first, and ends with 1 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DIGITS = 12, LINE = 100 };

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "logwriter: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* A number, a blank, and letters that need no escape anywhere. */
static void first_line(char *line) {
    memset(line, '0', DIGITS);
    line[DIGITS] = ' ';
    for (int i = DIGITS + 1; i < LINE - 1; i++) line[i] = (char)('a' + i % 26);
    line[LINE - 1] = '\n';
}

/* Counts on in place: printf would take longer than the write. */
static void next_line(char *line) {
    for (int i = DIGITS - 1; i >= 0 && ++line[i] > '9'; i--) line[i] = '0';
}

static void write_all(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("standard output");
        bytes += written;
        count -= (size_t)written;
    }
}

static int write_lines(long long lines, size_t chunk, const char *gate, const char *times) {
    char line[LINE], *buffer = malloc(chunk);
    size_t filled = 0;
    if (!buffer) fail("memory");
    first_line(line);
    int descriptor = open(gate, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail(gate);
    close(descriptor);
    long long began = now();
    for (long long i = 0; i < lines; i++) {
        for (size_t taken = 0; taken < LINE;) {
            size_t part = chunk - filled < LINE - taken ? chunk - filled : LINE - taken;
            memcpy(buffer + filled, line + taken, part);
            filled += part;
            taken += part;
            if (filled == chunk) {
                write_all(buffer, filled);
                filled = 0;
            }
        }
        next_line(line);
    }
    write_all(buffer, filled);
    long long ended = now();
    FILE *file = fopen(times, "we");
    if (!file || fprintf(file, "%lld %lld\n", began, ended) < 0 || fclose(file) != 0) fail(times);
    free(buffer);
    return 0;
}

static int check_lines(long long lines, char **paths, int count) {
    char expected[LINE], *text = NULL;
    size_t room = 0;
    long long seen = 0, bytes = 0;
    first_line(expected);
    for (int i = 0; i < count; i++) {
        FILE *file = fopen(paths[i], "re");
        long long number = 0;
        ssize_t length;
        if (!file) fail(paths[i]);
        while ((length = getline(&text, &room, file)) > 0) {
            number++;
            if (seen >= lines || text[length - 1] != '\n' || !memmem(text, (size_t)length, expected, LINE - 1)) {
                printf("%s:%lld: this is not line %lld of %lld\n", paths[i], number, seen + 1, lines);
                return 1;
            }
            next_line(expected);
            seen++;
            bytes += length;
        }
        if (ferror(file)) fail(paths[i]);
        fclose(file);
    }
    free(text);
    if (seen < lines) {
        printf("%lld lines of %lld\n", seen, lines);
        return 1;
    }
    printf("%lld\n", bytes);
    return 0;
}

/* A whole number from 1; 0 for anything else. */
static long long number(const char *text) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || *end || end == text || value < 1 ? 0 : value;
}

int main(int count, char **arguments) {
    const char *verb = count > 3 ? arguments[1] : "";
    long long lines = count > 3 ? number(arguments[2]) : 0;
    if (strcmp(verb, "write") == 0 && count == 6 && lines && number(arguments[3]))
        return write_lines(lines, (size_t)number(arguments[3]), arguments[4], arguments[5]);
    if (strcmp(verb, "check") == 0 && lines) return check_lines(lines, arguments + 3, count - 3);
    fputs("usage: logwriter write LINES CHUNK GATE TIMES | check LINES FILE..\n", stderr);
    return 64;
}
