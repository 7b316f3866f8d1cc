#include "internal.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

int koomy_open(const char *path, int flags, mode_t mode) { return koomy_open_at(AT_FDCWD, path, flags, mode); }

int koomy_open_at(int directory, const char *path, int flags, mode_t mode)
{
    if (!(flags & O_CREAT))
        return KOOMY_POINT("open", true, EMFILE, path, -1, KOOMY_RETRY(openat(directory, path, flags | O_CLOEXEC, mode)));
    return KOOMY_EFFECT_AT("create", ENOSPC, path, KOOMY_RETRY(openat(directory, path, flags | O_CLOEXEC, mode)));
}

int koomy_close(int descriptor) { return KOOMY_RESULT(close(descriptor)); }

ssize_t koomy_read(int descriptor, void *buffer, size_t size) { return KOOMY_RETRY(read(descriptor, buffer, size)); }

ssize_t koomy_write(int descriptor, const void *bytes, size_t size)
{
    return KOOMY_EFFECT_ON(
        "write", ENOSPC, descriptor, KOOMY_RETRY(write(descriptor, bytes, KOOMY_TORN(size))));
}

int koomy_pipe(int ends[2]) { return KOOMY_NEED("pipe", EMFILE, KOOMY_RESULT(pipe2(ends, O_CLOEXEC))); }

int koomy_pipe_with_lasting_reader(int ends[2])
{
    const int result = koomy_pipe(ends);
    if (result < 0)
        return result;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    const int both = koomy_open(path, O_RDWR, 0);
    if (both >= 0) {
        close(ends[1]);
        ends[1] = both;
    }
    return 0;
}

int koomy_set_pipe_size(int descriptor, int bytes) { return KOOMY_RESULT(fcntl(descriptor, F_SETPIPE_SZ, bytes)); }

int koomy_duplicate(int descriptor, int minimum)
{
    return KOOMY_NEED("dup", EMFILE, KOOMY_RESULT(fcntl(descriptor, F_DUPFD_CLOEXEC, minimum)));
}

int koomy_get_flags(int descriptor) { return KOOMY_RESULT(fcntl(descriptor, F_GETFL)); }

int koomy_set_nonblocking(int descriptor, int enabled)
{
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0)
        return -errno;
    const int wanted = enabled ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return wanted == flags ? 0 : KOOMY_RESULT(fcntl(descriptor, F_SETFL, wanted));
}

int koomy_poll(struct pollfd *set, size_t count, int milliseconds)
{
    const int ready = KOOMY_RESULT(poll(set, count, milliseconds));
    return ready == -EINTR ? 0 : ready;
}

int koomy_fsync(int descriptor) { return KOOMY_EFFECT_ON("fsync", EIO, descriptor, KOOMY_RETRY(fsync(descriptor))); }

int koomy_truncate(int descriptor, int64_t size)
{
    return KOOMY_EFFECT_ON("truncate", EIO, descriptor, KOOMY_RETRY(ftruncate(descriptor, size)));
}

int koomy_set_modified(int descriptor, int64_t seconds, long nanoseconds)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return KOOMY_EFFECT_ON("futimens", EROFS, descriptor, KOOMY_RESULT(futimens(descriptor, times)));
}

ssize_t koomy_write_at(int descriptor, const void *bytes, size_t size, int64_t offset)
{
    return KOOMY_EFFECT_ON(
        "write at", ENOSPC, descriptor, KOOMY_RETRY(pwrite(descriptor, bytes, KOOMY_TORN(size), offset)));
}

int koomy_rename(const char *from, const char *to)
{
    return KOOMY_EFFECT_AT("rename", ENOSPC, to, KOOMY_RESULT(rename(from, to)));
}

int koomy_rename_new(const char *from, const char *to)
{
    return KOOMY_EFFECT_AT("rename", EROFS, to, ({
        int result = KOOMY_RESULT(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
        if (result == -EINVAL || result == -ENOSYS)
            result = faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? -EEXIST : KOOMY_RESULT(rename(from, to));
        result;
    }));
}

int koomy_unlink(const char *path) { return KOOMY_EFFECT_AT("unlink", EROFS, path, KOOMY_RESULT(unlink(path))); }

int koomy_rmdir(const char *path) { return KOOMY_EFFECT_AT("rmdir", EBUSY, path, KOOMY_RESULT(rmdir(path))); }

int koomy_mkdir(const char *path, mode_t mode)
{
    return KOOMY_EFFECT_AT("mkdir", ENOSPC, path, KOOMY_RESULT(mkdir(path, mode)));
}

int koomy_change_mode(const char *path, mode_t mode)
{
    return KOOMY_EFFECT_AT("chmod", EROFS, path, KOOMY_RESULT(chmod(path, mode)));
}

int koomy_change_mode_of(int descriptor, mode_t mode)
{
    return KOOMY_EFFECT_ON("fchmod", EROFS, descriptor, KOOMY_RESULT(fchmod(descriptor, mode)));
}

int koomy_change_owner(const char *path, uid_t uid, gid_t gid)
{
    return KOOMY_EFFECT_AT("chown", EPERM, path, KOOMY_RESULT(lchown(path, uid, gid)));
}

int koomy_change_owner_of(int descriptor, uid_t uid, gid_t gid)
{
    return KOOMY_EFFECT_ON("fchown", EPERM, descriptor, KOOMY_RESULT(fchown(descriptor, uid, gid)));
}

static void convert(const struct stat *from, struct koomy_file_status *to)
{
    *to = (struct koomy_file_status){
        .mode = from->st_mode,
        .uid = from->st_uid,
        .gid = from->st_gid,
        .device = from->st_dev,
        .inode = from->st_ino,
        .size = from->st_size,
        .modified_seconds = from->st_mtim.tv_sec,
        .modified_nanoseconds = from->st_mtim.tv_nsec,
    };
}

int koomy_status(int descriptor, struct koomy_file_status *status)
{
    struct stat found;
    if (fstat(descriptor, &found) < 0)
        return -errno;
    convert(&found, status);
    return 0;
}

int koomy_status_at(const char *path, int follows_link, struct koomy_file_status *status)
{
    struct stat found;
    if (fstatat(AT_FDCWD, path, &found, follows_link ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    convert(&found, status);
    return 0;
}

int koomy_file_system(int descriptor)
{
    struct statfs found;
    const int result = KOOMY_RETRY(fstatfs(descriptor, &found));
    return result < 0 ? result : (int)(found.f_type & 0x7FFFFFFF);
}

int koomy_access(const char *path, int mode) { return KOOMY_RESULT(faccessat(AT_FDCWD, path, mode, AT_EACCESS)); }

int koomy_lock(int descriptor) { return KOOMY_RETRY(flock(descriptor, LOCK_EX | LOCK_NB)); }

int koomy_symlink(const char *target, const char *path)
{
    return KOOMY_EFFECT_AT("symlink", EROFS, path, KOOMY_RESULT(symlink(target, path)));
}

ssize_t koomy_real_path(const char *path, char *buffer, size_t size)
{
    char found[PATH_MAX];
    if (realpath(path, found) == NULL)
        return -errno;
    const size_t length = strlen(found);
    if (length >= size)
        return -ENAMETOOLONG;
    memcpy(buffer, found, length + 1);
    return (ssize_t)length;
}

ssize_t koomy_read_link(const char *path, char *buffer, size_t size) { return KOOMY_RESULT(readlink(path, buffer, size)); }

ssize_t koomy_get_attribute(const char *path, const char *name, void *buffer, size_t size)
{
    return KOOMY_RESULT(getxattr(path, name, buffer, size));
}

int koomy_set_attribute(const char *path, const char *name, const void *bytes, size_t size)
{
    return KOOMY_RESULT(setxattr(path, name, bytes, size, 0));
}

ssize_t koomy_read_file(const char *path, void *buffer, size_t size)
{
    const int file = koomy_open(path, O_RDONLY, 0);
    if (file < 0)
        return file;
    size_t filled = 0;
    ssize_t result = 0;
    while (filled < size) {
        result = koomy_read(file, (char *)buffer + filled, size - filled);
        if (result <= 0)
            break;
        filled += (size_t)result;
    }
    close(file);
    return result < 0 ? result : (ssize_t)filled;
}

ssize_t koomy_write_file(const char *path, const void *bytes, size_t size)
{
    const int file = koomy_open(path, O_WRONLY, 0);
    if (file < 0)
        return file;
    const ssize_t result = koomy_write(file, bytes, size);
    close(file);
    return result;
}
