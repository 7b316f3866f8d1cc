#include "internal.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// From linux/pidfd.h of Linux 6.15, which the headers of the oldest supported systems do not have.
struct pidfd_info_v0 {
    uint64_t mask;
    uint64_t cgroupid;
    uint32_t pid, tgid, ppid;
    uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
_Static_assert(sizeof(struct pidfd_info_v0) == 64, "PIDFD_INFO_SIZE_VER0");
#define KOOMY_PIDFD_INFO_EXIT (UINT64_C(1) << 3)
#define KOOMY_PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info_v0)

int koomy_pidfd_open(pid_t pid)
{
    return (int)KOOMY_NEED("pidfd", EMFILE, KOOMY_RESULT(syscall(SYS_pidfd_open, pid, 0)));
}

int koomy_pidfd_send_signal(int pidfd, int signal)
{
    return (int)KOOMY_EFFECT_ON(
        "signal", EPERM, pidfd, KOOMY_RESULT(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0)));
}

int koomy_pidfd_getfd(int pidfd, int number)
{
    return (int)KOOMY_NEED("getfd", EMFILE, KOOMY_RESULT(syscall(SYS_pidfd_getfd, pidfd, number, 0)));
}

int koomy_pidfd_exit_info(int pidfd, struct koomy_exit *result)
{
    struct pidfd_info_v0 info;
    memset(&info, 0, sizeof info);
    info.mask = KOOMY_PIDFD_INFO_EXIT;
    if (ioctl(pidfd, KOOMY_PIDFD_GET_INFO, &info) < 0)
        return -errno;
    if (!(info.mask & KOOMY_PIDFD_INFO_EXIT))
        return 0;
    // The kernel fills in the ids only of a process that is still there.
    result->pid = (pid_t)info.pid;
    if (WIFEXITED(info.exit_code)) {
        result->end = KOOMY_END_EXITED;
        result->status = WEXITSTATUS(info.exit_code);
    } else {
        result->end = WCOREDUMP(info.exit_code) ? KOOMY_END_DUMPED : KOOMY_END_KILLED;
        result->status = WTERMSIG(info.exit_code);
    }
    return 1;
}
