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

size_t koomy_whole_lines(const void *bytes, size_t size)
{
    const char *last = memrchr(bytes, '\n', size);
    return last ? (size_t)(last - (const char *)bytes) + 1 : 0;
}

size_t koomy_newlines(const void *bytes, size_t size)
{
    const char *place = bytes, *const end = place + size;
    size_t count = 0;
    while (place < end && (place = memchr(place, '\n', (size_t)(end - place)))) {
        count++;
        place++;
    }
    return count;
}

size_t koomy_first_escaped(const void *bytes, size_t size)
{
    const unsigned char *text = bytes;
    size_t index = 0;
    while (index < size && text[index] >= 0x20 && text[index] != '"' && text[index] != '\\')
        index++;
    return index;
}

int koomy_is_ascii(const void *bytes, size_t size)
{
    const unsigned char *text = bytes;
    unsigned char all = 0;
    for (size_t index = 0; index < size; index++)
        all |= text[index];
    return all < 0x80;
}
