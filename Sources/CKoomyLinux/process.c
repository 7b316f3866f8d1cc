#include "internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int koomy_set_child_subreaper(int enabled) { return KOOMY_RESULT(prctl(PR_SET_CHILD_SUBREAPER, enabled, 0, 0, 0)); }

int koomy_get_child_subreaper(void)
{
    int enabled = 0;
    const int result = KOOMY_RESULT(prctl(PR_GET_CHILD_SUBREAPER, &enabled, 0, 0, 0));
    return result < 0 ? result : enabled;
}

int koomy_set_process_name(const char *name) { return KOOMY_RESULT(prctl(PR_SET_NAME, name, 0, 0, 0)); }

int koomy_release_pages(uint64_t start, uint64_t size)
{
    return KOOMY_RESULT(madvise((void *)(uintptr_t)start, size, MADV_DONTNEED));
}

static int change_mask(int how, const int *signals, size_t count)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        if (sigaddset(&set, signals[i]) < 0)
            return -errno;
    return -pthread_sigmask(how, &set, NULL);
}

int koomy_block_signals(const int *signals, size_t count) { return change_mask(SIG_BLOCK, signals, count); }

int koomy_unblock_signals(const int *signals, size_t count) { return change_mask(SIG_UNBLOCK, signals, count); }

int koomy_is_signal_blocked(int signal)
{
    sigset_t set;
    const int error = pthread_sigmask(SIG_BLOCK, NULL, &set);
    return error != 0 ? -error : sigismember(&set, signal);
}

int koomy_open_signals(const int *signals, size_t count)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        if (sigaddset(&set, signals[i]) < 0)
            return -errno;
    return KOOMY_RESULT(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int koomy_ignore_signal(int number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    return KOOMY_RESULT(sigaction(number, &action, NULL));
}

int koomy_get_limit(int resource, struct koomy_limit *limit)
{
    struct rlimit value;
    if (getrlimit((__rlimit_resource_t)resource, &value) < 0)
        return -errno;
    *limit = (struct koomy_limit){resource, value.rlim_cur, value.rlim_max};
    return 0;
}

int koomy_set_limit(const struct koomy_limit *limit)
{
    const struct rlimit value = {limit->soft, limit->hard};
    return KOOMY_RESULT(setrlimit((__rlimit_resource_t)limit->resource, &value));
}

ssize_t koomy_read_memory(pid_t pid, uint64_t address, void *buffer, size_t size)
{
    const struct iovec here = {buffer, size};
    const struct iovec there = {(void *)(uintptr_t)address, size};
    return KOOMY_RESULT(process_vm_readv(pid, &here, 1, &there, 1, 0));
}

int koomy_execute(
    const char *path, int file, char *const *argv, char *const *envp, const int *kept, size_t kept_count)
{
    int *before = malloc((kept_count + 1) * sizeof *before);
    if (before == NULL)
        return -ENOMEM;
    int error = 0;
    size_t changed = 0;
    for (; changed < kept_count && error == 0; changed++) {
        before[changed] = fcntl(kept[changed], F_GETFD);
        if (before[changed] < 0 || fcntl(kept[changed], F_SETFD, before[changed] & ~FD_CLOEXEC) < 0)
            error = errno;
    }
    const int failure = KOOMY_BEFORE("execute", false, ENOMEM, path, file);
    if (error == 0 && failure < 0)
        error = -failure;
    if (error == 0) {
        if (path != NULL)
            execve(path, argv, envp);
        else
            syscall(SYS_execveat, file, "", argv, envp, AT_EMPTY_PATH);
        error = errno;
    }
    // The last first: of one that was named twice, the state before the first change counts.
    while (changed-- > 0)
        if (before[changed] >= 0)
            (void)fcntl(kept[changed], F_SETFD, before[changed]);
    free(before);
    KOOMY_AFTER();
    return -error;
}

int koomy_open_own_program(void) { return KOOMY_RESULT(open("/proc/self/exe", O_PATH | O_CLOEXEC)); }
