#define _GNU_SOURCE
#include "include/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int koomy_worker_set_close_on_exec(int fd) {
    int flags = fcntl(fd, F_GETFD);
    return flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno : 0;
}

int koomy_worker_local_address(int fd, char *text, size_t size) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    char host[INET6_ADDRSTRLEN];
    if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0) return -errno;
    int written;
    switch (storage.ss_family) {
    case AF_INET: {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        written = snprintf(text, size, "tcp://%s:%u", host, ntohs(v4->sin_port));
        break;
    }
    case AF_INET6: {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        written = snprintf(text, size, "tcp://[%s]:%u", host, ntohs(v6->sin6_port));
        break;
    }
    case AF_UNIX: {
        struct sockaddr_un *local = (struct sockaddr_un *)&storage;
        size_t path = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
        int abstract = path > 0 && local->sun_path[0] == 0;
        size_t shown = abstract ? path - 1 : strnlen(local->sun_path, path);
        written = snprintf(text, size, "unix:%s%.*s", abstract ? "@" : "", (int)shown, local->sun_path + abstract);
        break;
    }
    default:
        return -EAFNOSUPPORT;
    }
    return written >= 0 && (size_t)written < size ? written : -ENAMETOOLONG;
}

static int close_with(int fd, int error) {
    close(fd);
    return -error;
}

// getaddrinfo(3) has codes of its own; the caller wants one kind of number.
static int lookup(const char *host, const char *port, int flags, struct addrinfo **found) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    switch (getaddrinfo(host, port, &hints, found)) {
    case 0: return 0;
    case EAI_MEMORY: return -ENOMEM;
    case EAI_AGAIN: return -EAGAIN;
    case EAI_SYSTEM: return errno ? -errno : -EIO;
    default: return -EADDRNOTAVAIL;
    }
}

int koomy_worker_listen_tcp(const char *host, uint16_t port, int backlog) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo *found = NULL;
    int result = lookup(host ? host : "::", service, AI_PASSIVE | AI_NUMERICSERV, &found);
    if (result < 0) return result;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && !host) {
        // A kernel without IPv6.
        freeaddrinfo(found);
        return koomy_worker_listen_tcp("0.0.0.0", port, backlog);
    }
    if (fd < 0) {
        result = -errno;
    } else {
        int on = 1, off = 0;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (found->ai_family == AF_INET6 && !host) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        if (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, backlog) < 0) result = close_with(fd, errno);
        else result = fd;
    }
    freeaddrinfo(found);
    return result;
}

static int unix_address(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

int koomy_worker_listen_unix(const char *path, int backlog) {
    struct sockaddr_un address;
    int result = unix_address(path, &address);
    if (result < 0) return result;
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (probe < 0) return -errno;
        int refused = connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED;
        close(probe);
        if (!refused) return -EADDRINUSE;
        if (unlink(path) < 0) return -errno;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, backlog) < 0) return close_with(fd, errno);
    return fd;
}

int koomy_worker_accept(int fd, struct sockaddr_storage *address, socklen_t *length) {
    for (;;) {
        *length = sizeof *address;
        int connection = accept4(fd, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection >= 0) return connection;
        if (errno != EINTR && errno != ECONNABORTED) return -errno;
    }
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connect_one(const struct addrinfo *target, int64_t deadline) {
    int fd = socket(target->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (connect(fd, target->ai_addr, target->ai_addrlen) == 0) return close_with(fd, 0);
    if (errno != EINPROGRESS) return close_with(fd, errno);
    for (;;) {
        int64_t left = deadline - now_ms();
        if (left <= 0) return close_with(fd, ETIMEDOUT);
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int ready = poll(&wait, 1, (int)left);
        if (ready < 0 && errno != EINTR) return close_with(fd, errno);
        if (ready <= 0) continue;
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
        return close_with(fd, error);
    }
}

int koomy_worker_try_connect(const char *host, const char *port, int timeout_ms) {
    int64_t deadline = now_ms() + timeout_ms;
    struct addrinfo *found = NULL;
    int result = lookup(host, port, AI_NUMERICSERV, &found);
    if (result < 0) return result;
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        if ((result = connect_one(each, deadline)) == 0) break;
    freeaddrinfo(found);
    return result;
}

int koomy_worker_unread(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) < 0 ? -errno : count;
}

int koomy_worker_shutdown_both(int fd) { return shutdown(fd, SHUT_RDWR) < 0 ? -errno : 0; }

int koomy_worker_raise_descriptor_limit(int wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    if (limit.rlim_cur < (rlim_t)wanted) {
        limit.rlim_cur = limit.rlim_max < (rlim_t)wanted ? limit.rlim_max : (rlim_t)wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    }
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int)limit.rlim_cur;
}

ssize_t koomy_worker_receive(int fd, void *buffer, size_t size) {
    for (;;) {
        ssize_t count = recv(fd, buffer, size, 0);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

ssize_t koomy_worker_send(int fd, const void *bytes, size_t count) {
    for (;;) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}
