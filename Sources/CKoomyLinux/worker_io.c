#define _GNU_SOURCE
#include "include/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

int koomy_worker_poll(struct pollfd *set, size_t count, int timeout_ms) {
    int ready = poll(set, count, timeout_ms);
    if (ready >= 0) return ready;
    if (errno != EINTR) return -errno;
    for (size_t i = 0; i < count; i++) set[i].revents = 0;
    return 0;
}

int koomy_worker_event_open(int waits) {
    int fd = eventfd(0, EFD_CLOEXEC | (waits ? 0 : EFD_NONBLOCK));
    return fd < 0 ? -errno : fd;
}

int koomy_worker_event_signal(int fd) {
    uint64_t one = 1;
    for (;;) {
        if (write(fd, &one, sizeof one) == sizeof one) return 0;
        if (errno == EAGAIN) return 0; /* full: it is readable anyway */
        if (errno != EINTR) return -errno;
    }
}

int koomy_worker_event_take(int fd) {
    uint64_t count;
    for (;;) {
        if (read(fd, &count, sizeof count) == sizeof count) return 0;
        if (errno != EINTR) return -errno;
    }
}

int koomy_worker_write_all(int fd, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = write(fd, next, count);
        if (written >= 0) {
            next += written;
            count -= (size_t)written;
        } else if (errno == EAGAIN) {
            // The flag belongs to the open pipe: whoever shares it may have made it non-blocking.
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (poll(&wait, 1, -1) < 0 && errno != EINTR) return -errno;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

