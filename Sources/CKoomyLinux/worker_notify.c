#define _GNU_SOURCE
#include "include/worker.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int koomy_worker_notify(const char *path, const void *message, size_t size, int timeout_ms) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length < 2 || (path[0] != '/' && path[0] != '@')) return -EINVAL;
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (timeout_ms > 0) {
        struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    int flags = MSG_NOSIGNAL | (timeout_ms > 0 ? 0 : MSG_DONTWAIT);
    socklen_t used = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int result;
    do {
        result = sendto(fd, message, size, flags, (struct sockaddr *)&address, used) < 0 ? -errno : 0;
    } while (result == -EINTR);
    close(fd);
    return result;
}
