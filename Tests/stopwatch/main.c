/* stopwatch: how long a supervisor takes to replace a worker, and a command to run.
 *
 *   stopwatch worker FILE              append "PID NANOSECONDS" to FILE, as the first thing main() does, and wait
 *   stopwatch loop FILE                the least that a supervisor can do: start that worker, wait for its end, again
 *   stopwatch kill FILE COUNT UPTIME   kill -9 the worker that FILE names last, COUNT times, each when it has been up for
 *                                      UPTIME ms, and print how long its replacement took to get to main(), in ms
 *   stopwatch run COUNT PROGRAM ARG..  run a program COUNT times and print how long it took, in ms
 *
 * Times are of CLOCK_MONOTONIC, so those of several processes can be compared. Output: median p99 max. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "stopwatch: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void wait_milliseconds(int64_t count) {
    struct timespec span = {.tv_sec = count / 1000, .tv_nsec = count % 1000 * 1000000};
    nanosleep(&span, NULL);
}

static int worker(const char *path, int64_t begun) {
    char line[64];
    int length = snprintf(line, sizeof line, "%d %lld\n", (int)getpid(), (long long)begun);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || write(file, line, (size_t)length) != length) fail(path);
    pause();
    return 0;
}

static int loop(const char *program, const char *path) {
    for (;;) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (child == 0) {
            execl(program, program, "worker", path, (char *)NULL);
            _exit(127);
        }
        waitpid(child, NULL, 0);
    }
}

/* Reads the last line of the file; returns how many there are. */
static int last_start(const char *path, int *pid, int64_t *at) {
    FILE *file = fopen(path, "re");
    long long time;
    int count = 0;
    if (!file) return 0;
    while (fscanf(file, "%d %lld\n", pid, &time) == 2) {
        *at = time;
        count++;
    }
    fclose(file);
    return count;
}

static int compare(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static void print(double *milliseconds, int count) {
    qsort(milliseconds, (size_t)count, sizeof *milliseconds, compare);
    printf("%.2f %.2f %.2f\n", milliseconds[count / 2], milliseconds[(count * 99 - 1) / 100], milliseconds[count - 1]);
}

static void kill_workers(const char *path, double *milliseconds, int count, int64_t uptime) {
    for (int i = 0; i < count; i++) {
        int pid = 0, killed_pid, starts;
        int64_t at = 0, deadline = now() + 60000000000;
        while ((starts = last_start(path, &pid, &at)) == 0 && now() < deadline) wait_milliseconds(1);
        while (now() < at + uptime * 1000000) wait_milliseconds(1);
        if (last_start(path, &killed_pid, &at) != starts) fail("the worker ended by itself");
        int64_t killed = now();
        if (starts == 0 || kill(pid, SIGKILL) < 0) fail("no worker to kill");
        while (last_start(path, &pid, &at) == starts && now() < deadline) wait_milliseconds(1);
        if (pid == killed_pid) fail("no replacement within a minute");
        milliseconds[i] = (double)(at - killed) / 1e6;
    }
}

static void run_program(char **arguments, double *milliseconds, int count) {
    for (int i = 0; i < count; i++) {
        int status;
        int64_t begun = now();
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (child == 0) {
            int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
            dup2(null, STDOUT_FILENO);
            execvp(arguments[0], arguments);
            _exit(127);
        }
        waitpid(child, &status, 0);
        milliseconds[i] = (double)(now() - begun) / 1e6;
        if (status != 0) fail("the program failed");
    }
}

int main(int count, char **arguments) {
    int64_t begun = now();
    const char *verb = count > 1 ? arguments[1] : "";
    if (strcmp(verb, "worker") == 0 && count == 3) return worker(arguments[2], begun);
    if (strcmp(verb, "loop") == 0 && count == 3) return loop(arguments[0], arguments[2]);
    int rounds = 0;
    if (strcmp(verb, "kill") == 0 && count == 5) rounds = atoi(arguments[3]);
    if (strcmp(verb, "run") == 0 && count > 3) rounds = atoi(arguments[2]);
    if (rounds <= 0) {
        fputs("usage: stopwatch worker FILE | loop FILE | kill FILE COUNT UPTIME_MS | run COUNT PROGRAM ARG...\n", stderr);
        return 64;
    }
    double *milliseconds = calloc((size_t)rounds, sizeof *milliseconds);
    if (!milliseconds) fail("memory");
    if (verb[0] == 'k') kill_workers(arguments[2], milliseconds, rounds, atoi(arguments[4]));
    else run_program(arguments + 3, milliseconds, rounds);
    print(milliseconds, rounds);
    return 0;
}
