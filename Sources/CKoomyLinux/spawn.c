#include "internal.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The child runs in a copy of the parent's memory (no CLONE_VM), so nothing it does can damage the parent, and the
// parent need not wait until the program is loaded. Between clone3 and execve only async-signal-safe calls are made
// (signal-safety(7)): other threads' locks may be held for ever in the copy.

static _Noreturn void give_up(int status, int step, int error, int detail)
{
    const struct koomy_spawn_failure failure = {step, error, detail};
    (void)!write(status, &failure, sizeof failure);
    _exit(127);
}

// Writes a number as text, which snprintf(3) may not do here; returns the length.
static size_t write_decimal(long number, char *text)
{
    char digits[24];
    size_t count = 0, length = 0;
    unsigned long rest = number < 0 ? -(unsigned long)number : (unsigned long)number;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        text[length++] = '-';
    while (count > 0)
        text[length++] = digits[--count];
    text[length] = '\0';
    return length;
}

// Ignored signals would stay ignored through execve(2), and so would blocked ones. As plain system calls, because the
// library refuses to touch the two signals that it uses itself (nptl(7)).
static void reset_signals(void)
{
    // SIG_DFL, no flags and an empty mask in the kernel's layout of every architecture, which is at most this long.
    const uint64_t by_default[8] = {0};
    for (int signal = 1; signal <= 64; signal++)
        (void)syscall(SYS_rt_sigaction, signal, by_default, NULL, sizeof(uint64_t));
    const uint64_t none = 0;
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

// For a child that clone3 could not put into its cgroup: "0" is the process that writes (cgroups(7)).
static int join_cgroup(int cgroup)
{
    const int file = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    const ssize_t written = write(file, "0", 1);
    const int error = written < 0 ? errno : 0;
    close(file);
    return error;
}

static int set_oom_score(int score)
{
    char text[24];
    const size_t length = write_decimal(score, text);
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    const ssize_t written = write(file, text, length);
    const int error = written < 0 ? errno : 0;
    close(file);
    return error;
}

static bool is_target(const struct koomy_spawn_request *request, int number)
{
    for (size_t i = 0; i < request->move_count; i++)
        if (request->moves[i].target == number)
            return true;
    return false;
}

// Leaves exactly the wanted descriptors and the status pipe, whose new number is returned.
static int place_descriptors(const struct koomy_spawn_request *request, int status)
{
    int last = -1;
    for (size_t i = 0; i < request->move_count; i++)
        if (request->moves[i].target > last)
            last = request->moves[i].target;

    // First everything that lies where a target will be goes above all targets: then no move can destroy the source of
    // another one, whatever the order.
    if (status <= last) {
        status = fcntl(status, F_DUPFD_CLOEXEC, last + 1);
        if (status < 0)
            return -errno;
    }
    for (size_t i = 0; i < request->move_count; i++) {
        int source = request->moves[i].source;
        if (source <= last) {
            source = fcntl(source, F_DUPFD_CLOEXEC, last + 1);
            if (source < 0)
                give_up(status, KOOMY_STEP_DESCRIPTORS, errno, request->moves[i].source);
            request->moves[i].source = source;
        }
    }
    for (size_t i = 0; i < request->move_count; i++)
        if (dup2(request->moves[i].source, request->moves[i].target) < 0)
            give_up(status, KOOMY_STEP_DESCRIPTORS, errno, request->moves[i].source);

    for (int number = 0; number <= last; number++)
        if (!is_target(request, number))
            close(number);
    if (status > last + 1 && syscall(SYS_close_range, last + 1, status - 1, 0) < 0)
        give_up(status, KOOMY_STEP_DESCRIPTORS, errno, 0);
    if (syscall(SYS_close_range, status + 1, ~0U, 0) < 0)
        give_up(status, KOOMY_STEP_DESCRIPTORS, errno, 0);
    return status;
}

static void set_limits(const struct koomy_spawn_request *request, int status)
{
    for (size_t i = 0; i < request->limit_count; i++) {
        const struct koomy_limit *wanted = &request->limits[i];
        const struct rlimit limit = {wanted->soft, wanted->hard};
        if (setrlimit((__rlimit_resource_t)wanted->resource, &limit) < 0)
            give_up(status, KOOMY_STEP_RLIMIT, errno, wanted->resource);
    }
}

// Groups before the group, the group before the user: afterwards the right to change them is gone. As plain system
// calls, because the library's functions signal every thread that they believe to exist (nptl(7)).
static void set_identity(const struct koomy_spawn_request *request, int status)
{
    if (request->sets_groups && syscall(SYS_setgroups, request->group_count, request->groups) < 0)
        give_up(status, KOOMY_STEP_GROUPS, errno, 0);
    if (request->sets_gid && syscall(SYS_setresgid, request->gid, request->gid, request->gid) < 0)
        give_up(status, KOOMY_STEP_GROUP, errno, 0);
    if (request->sets_uid && syscall(SYS_setresuid, request->uid, request->uid, request->uid) < 0)
        give_up(status, KOOMY_STEP_USER, errno, 0);
}

// Until its program runs, the child dies with the parent: nobody would know of it, and where it waits, for a network file
// system or a frozen cgroup, it would hold copies of the parent's sockets for as long (PR_SET_PDEATHSIG(2const)).
static void die_with(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // It may have ended before it could be asked for.
    if (syscall(SYS_getppid) != parent)
        _exit(127);
}

static _Noreturn void run_child(
    const struct koomy_spawn_request *request, pid_t parent, int status, bool joins_cgroup)
{
    die_with(parent);
    reset_signals();
    if (joins_cgroup) {
        const int error = join_cgroup(request->cgroup);
        if (error != 0)
            give_up(status, KOOMY_STEP_CGROUP, error, 0);
    }
    if (setsid() < 0)
        give_up(status, KOOMY_STEP_SESSION, errno, 0);
    // While this is still root, and before a limit can forbid to open the file.
    if (request->sets_oom_score) {
        const int error = set_oom_score(request->oom_score);
        if (error != 0)
            give_up(status, KOOMY_STEP_OOM_SCORE, error, 0);
    }
    // Before the limits: RLIMIT_NOFILE may be below a number that is moved from.
    const int moved = place_descriptors(request, status);
    if (moved < 0)
        give_up(status, KOOMY_STEP_DESCRIPTORS, -moved, 0);
    status = moved;
    if (request->sets_umask)
        umask(request->umask);
    if (request->sets_nice && setpriority(PRIO_PROCESS, 0, request->nice) < 0)
        give_up(status, KOOMY_STEP_NICE, errno, 0);
    set_limits(request, status);
    set_identity(request, status);
    // The kernel forgets it with a change of the user or the group.
    die_with(parent);
    if (request->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        give_up(status, KOOMY_STEP_NO_NEW_PRIVS, errno, 0);
    // With the rights of the user that the program runs as.
    if (request->cwd != NULL && chdir(request->cwd) < 0)
        give_up(status, KOOMY_STEP_CWD, errno, 0);
    for (size_t i = 0; i < request->pid_slot_count; i++)
        write_decimal(syscall(SYS_getpid), request->pid_slots[i]);
    // It would be kept, and the program is to outlive us.
    (void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    execve(request->path, request->argv, request->envp);
    give_up(status, KOOMY_STEP_EXEC, errno, 0);
}

// clone3(2): the child is in its cgroup from its first instruction.
static long clone_into(int cgroup, int *pidfd)
{
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
    arguments.exit_signal = SIGCHLD;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)cgroup;
    }
    return syscall(SYS_clone3, &arguments, sizeof arguments);
}

// clone(2): the pidfd takes the place of the parent's thread id, which is the third argument everywhere but on s390.
static long clone_plainly(int *pidfd) { return syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, NULL); }

int koomy_spawn(const struct koomy_spawn_request *request, struct koomy_spawned *spawned)
{
    *spawned = (struct koomy_spawned){.pid = 0, .pidfd = -1, .status = -1, .step = KOOMY_STEP_PIPE};
    const int failure = KOOMY_BEFORE("spawn", false, EAGAIN, request->path, -1);
    if (failure < 0) {
        spawned->step = KOOMY_STEP_CLONE;
        return failure;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        const int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }

    int pidfd = -1;
    const pid_t parent = getpid();
    // A handler of the parent must not run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_plain = request->avoids_clone3;
    long pid = is_plain ? 0 : clone_into(request->cgroup, &pidfd);
    // The seccomp filters of containers forbid clone3, because they cannot look at its flags.
    is_plain = is_plain || (pid < 0 && (errno == ENOSYS || errno == EPERM));
    if (is_plain)
        pid = clone_plainly(&pidfd);
    if (pid == 0)
        run_child(request, parent, ends[1], is_plain && request->cgroup >= 0);
    const int error = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        const bool lacksRoom = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
        spawned->step = request->cgroup >= 0 && !lacksRoom ? KOOMY_STEP_CGROUP : KOOMY_STEP_CLONE;
        return -error;
    }
    *spawned = (struct koomy_spawned){.pid = (pid_t)pid, .pidfd = pidfd, .status = ends[0], .step = 0};
    KOOMY_AFTER();
    return 0;
}
