#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

/* What reading a file needs of the system; errno is taken here, where nothing can come between. */

/* Opens a file for reading and says whether it is a regular one. Returns the descriptor, or -errno.
   O_NONBLOCK: opening a FIFO would otherwise wait for a writer (fifo(7)). */
static inline int koomy_config_open(const char *path, int *is_regular, int *is_directory)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct stat status;
    if (fstat(fd, &status) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    *is_regular = S_ISREG(status.st_mode);
    *is_directory = S_ISDIR(status.st_mode);
    return fd;
}

/* Returns how many bytes were read, 0 at the end, or -errno. */
static inline long koomy_config_read(int fd, void *buffer, size_t size)
{
    ssize_t count;
    do
        count = read(fd, buffer, size);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

static inline void koomy_config_close(int fd)
{
    close(fd);
}

/* Whether a file of any kind stands at the path. */
static inline int koomy_config_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}
