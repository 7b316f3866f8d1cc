#include "internal.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

ssize_t koomy_tee(int pipe, int to, size_t most) { return KOOMY_RETRY(tee(pipe, to, most, SPLICE_F_NONBLOCK)); }

ssize_t koomy_splice_to_end(int pipe, int file, size_t count)
{
    struct stat status;
    if (fstat(file, &status) < 0)
        return -errno;
    loff_t end = status.st_size;
    return KOOMY_EFFECT_ON(
        "splice", ENOSPC, file, KOOMY_RETRY(splice(pipe, NULL, file, &end, KOOMY_TORN(count), SPLICE_F_NONBLOCK)));
}

ssize_t koomy_splice(int pipe, int to, size_t count)
{
    return KOOMY_EFFECT_ON(
        "splice", ENOSPC, to, KOOMY_RETRY(splice(pipe, NULL, to, NULL, KOOMY_TORN(count), SPLICE_F_NONBLOCK)));
}

ssize_t koomy_move_over(int pipe, int other, size_t count)
{
    return KOOMY_EFFECT_ON("splice", ENOMEM, other, KOOMY_RETRY(splice(pipe, NULL, other, NULL, count, SPLICE_F_NONBLOCK)));
}

ssize_t koomy_append(int file, const void *bytes, size_t size)
{
    return KOOMY_EFFECT_ON("append", ENOSPC, file, ({
        const struct iovec all = {.iov_base = (void *)bytes, .iov_len = KOOMY_TORN(size)};
        KOOMY_RETRY(pwritev2(file, &all, 1, -1, RWF_APPEND));
    }));
}

int koomy_readable_size(int descriptor)
{
    int size = 0;
    return ioctl(descriptor, FIONREAD, &size) < 0 ? -errno : size;
}

int koomy_get_pipe_size(int descriptor) { return KOOMY_RESULT(fcntl(descriptor, F_GETPIPE_SZ)); }

int koomy_is_writable(int descriptor)
{
    struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
    const int count = KOOMY_RETRY(poll(&entry, 1, 0));
    return count < 0 ? count : (entry.revents & POLLOUT) != 0;
}
