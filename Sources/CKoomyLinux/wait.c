#include "internal.h"

#include <string.h>
#include <sys/wait.h>

_Static_assert(
    KOOMY_END_EXITED == CLD_EXITED && KOOMY_END_KILLED == CLD_KILLED && KOOMY_END_DUMPED == CLD_DUMPED,
    "enum koomy_end has the values of waitid(2)");

int koomy_wait_peek(void)
{
    siginfo_t info;
    // waitid(2) leaves si_pid alone where no child has ended.
    memset(&info, 0, sizeof info);
    const int result = KOOMY_RETRY(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT));
    return result < 0 ? result : info.si_pid;
}

static int reap(idtype_t type, id_t id, struct koomy_exit *exit)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    const int result = KOOMY_RETRY(waitid(type, id, &info, WEXITED | WNOHANG));
    if (result < 0)
        return result;
    if (info.si_pid == 0)
        return 0;
    *exit = (struct koomy_exit){info.si_pid, info.si_code, info.si_status};
    return 1;
}

int koomy_wait_pid(pid_t pid, struct koomy_exit *result) { return reap(P_PID, (id_t)pid, result); }

int koomy_wait_pidfd(int pidfd, struct koomy_exit *result) { return reap((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, result); }
