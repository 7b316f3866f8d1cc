#pragma once

// The system calls that koomy makes. Swift can neither read errno safely (reference counting between the call and the
// read may change it) nor call most of these, so everything goes through here.
//
// Every function returns a value >= 0, or -errno. Memory is always the caller's. Every descriptor is opened
// close-on-exec. Calls that a signal interrupted are made again, except close(2), which is never repeated.

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "diag.h"
#include "splice.h"
#include "worker.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- errors.c ----

/// `ENOENT`; NULL for a number that errno(3) does not know.
const char *koomy_errno_name(int number);
/// `No such file or directory`, never translated; NULL for an unknown number.
const char *koomy_errno_text(int number);

// ---- spawn.c ----

/// The step at which a start failed.
enum koomy_step {
    KOOMY_STEP_PIPE = 1,
    KOOMY_STEP_CLONE,
    KOOMY_STEP_CGROUP,
    KOOMY_STEP_SESSION,
    KOOMY_STEP_OOM_SCORE,
    KOOMY_STEP_DESCRIPTORS,
    KOOMY_STEP_NICE,
    KOOMY_STEP_RLIMIT,
    KOOMY_STEP_GROUPS,
    KOOMY_STEP_GROUP,
    KOOMY_STEP_USER,
    KOOMY_STEP_NO_NEW_PRIVS,
    KOOMY_STEP_CWD,
    KOOMY_STEP_EXEC,
};

/// A descriptor of the parent and the number under which the child gets it.
struct koomy_descriptor_move {
    int source;
    int target;
};

/// One limit of setrlimit(2).
struct koomy_limit {
    int resource;
    uint64_t soft;
    uint64_t hard;
};

/// Bytes that a variable whose value is the child's process id needs after its `=`, the final NUL counted.
#define KOOMY_PID_ROOM 12

/// What is to be started. In the parent all of it is only read; the child writes to its own copy of the memory.
struct koomy_spawn_request {
    const char *path;
    char *const *argv;
    char *const *envp;
    /// Places inside the strings of envp, each with KOOMY_PID_ROOM bytes, where the child writes its process id.
    char *const *pid_slots;
    size_t pid_slot_count;
    /// NULL keeps the parent's directory.
    const char *cwd;
    /// The child has these descriptors and no other.
    struct koomy_descriptor_move *moves;
    size_t move_count;
    const struct koomy_limit *limits;
    size_t limit_count;
    /// Supplementary groups; set where `sets_groups` is true, even if there are none.
    const gid_t *groups;
    size_t group_count;
    int sets_groups;
    int sets_gid;
    gid_t gid;
    int sets_uid;
    uid_t uid;
    int sets_umask;
    mode_t umask;
    int sets_nice;
    int nice;
    int sets_oom_score;
    int oom_score;
    int no_new_privs;
    /// A directory of a cgroup v2 in which the child begins, or -1.
    int cgroup;
    /// Uses clone(2), as is done anyway where clone3(2) is forbidden.
    int avoids_clone3;
};

/// A process that was made; it may still fail before its program runs.
struct koomy_spawned {
    pid_t pid;
    int pidfd;
    /// Nonblocking: end of file says that the program runs (or that the child was killed first), a
    /// koomy_spawn_failure says what failed.
    int status;
    /// Where koomy_spawn itself failed: the step.
    int step;
};

/// What the child writes to the status pipe when it cannot go on.
struct koomy_spawn_failure {
    int32_t step;
    int32_t error;
    /// The resource of a limit that could not be set; 0 otherwise.
    int32_t detail;
};

/// Starts a process: its own session, default signal handlers, an empty signal mask, and what the request says.
/// Does not wait for the program to be loaded.
int koomy_spawn(const struct koomy_spawn_request *request, struct koomy_spawned *spawned);

// ---- pidfd.c, wait.c ----

/// How a process ended: the CLD_ codes of waitid(2).
enum koomy_end {
    KOOMY_END_EXITED = 1,
    KOOMY_END_KILLED = 2,
    KOOMY_END_DUMPED = 3,
};

struct koomy_exit {
    pid_t pid;
    /// An enum koomy_end.
    int32_t end;
    /// The exit code, or the number of the signal.
    int32_t status;
};

int koomy_pidfd_open(pid_t pid);
int koomy_pidfd_send_signal(int pidfd, int signal);
/// Duplicates descriptor `number` of another process; needs ptrace rights on it.
int koomy_pidfd_getfd(int pidfd, int number);
/// How a process that need not be our child ended: 1 known, 0 not (it runs, or is not reaped yet); -ENOTTY before
/// Linux 6.13, 0 before 6.15.
int koomy_pidfd_exit_info(int pidfd, struct koomy_exit *result);

/// The process id of a child that has ended and waits to be reaped, without reaping it; 0 for none, -ECHILD without
/// children.
int koomy_wait_peek(void);
/// Reaps a child: 1 if it had ended, 0 if it still runs.
int koomy_wait_pid(pid_t pid, struct koomy_exit *result);
int koomy_wait_pidfd(int pidfd, struct koomy_exit *result);

// ---- process.c ----

/// Makes this process the parent of the orphans among its descendants.
int koomy_set_child_subreaper(int enabled);
/// 1 where this process adopts orphans.
int koomy_get_child_subreaper(void);
/// Drops pages of a mapping that the kernel can read again from its file (madvise(2), MADV_DONTNEED).
int koomy_release_pages(uint64_t start, uint64_t size);
/// The name that ps and top show; cut to 15 bytes.
int koomy_set_process_name(const char *name);
/// Blocks these signals for the calling thread and the threads it will make.
int koomy_block_signals(const int *signals, size_t count);
int koomy_unblock_signals(const int *signals, size_t count);
/// 1 where the calling thread blocks this signal.
int koomy_is_signal_blocked(int signal);
int koomy_ignore_signal(int signal);
/// A descriptor that is readable while one of these signals, which have to be blocked, is pending (signalfd(2)).
int koomy_open_signals(const int *signals, size_t count);
int koomy_get_limit(int resource, struct koomy_limit *limit);
int koomy_set_limit(const struct koomy_limit *limit);
/// Executes a program in place (execve(2)) with these descriptors kept open; returns only where that failed, with every
/// descriptor as it was. The program is a path, or, where that is NULL, an open file.
int koomy_execute(
    const char *path, int file, char *const *argv, char *const *envp, const int *kept, size_t kept_count);
/// The program that this process runs, for koomy_execute, whatever has its path by now.
int koomy_open_own_program(void);
/// Copies memory of another process; returns the number of bytes; needs ptrace rights on it.
ssize_t koomy_read_memory(pid_t pid, uint64_t address, void *buffer, size_t size);

// ---- address.c, socket.c ----

/// An address of any family.
struct koomy_address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/// Addresses to listen on or connect to, in the resolver's order; returns how many were written.
/// A host that has none is -ENOENT, a resolver that does not answer -EAGAIN.
int koomy_address_lookup(const char *host, uint16_t port, int passive, struct koomy_address *addresses, int capacity);
/// `[::]` or `0.0.0.0`; family is AF_INET6 or AF_INET.
int koomy_address_any(int family, uint16_t port, struct koomy_address *address);
/// -ENAMETOOLONG for a path over 107 bytes.
int koomy_address_unix(const char *path, struct koomy_address *address);
int koomy_address_family(const struct koomy_address *address);
/// The port of an Internet address, or 0.
int koomy_address_port(const struct koomy_address *address);
/// The host of an Internet address as digits, or the path of a Unix address; returns its length.
int koomy_address_text(const struct koomy_address *address, char *text, size_t size);

/// `type` is SOCK_STREAM or SOCK_DGRAM, with SOCK_NONBLOCK where wanted.
int koomy_socket(int family, int type);
int koomy_socket_pair(int type, int pair[2]);
int koomy_bind(int socket, const struct koomy_address *address);
int koomy_listen(int socket, int backlog);
/// Begins to connect a nonblocking socket: 0 connected, 1 under way.
int koomy_connect(int socket, const struct koomy_address *address);
/// Connects a blocking socket.
int koomy_connect_and_wait(int socket, const struct koomy_address *address);
int koomy_accept(int socket, int flags);
int koomy_shutdown_writing(int socket);
/// The pending error of a socket (SO_ERROR), as a positive number.
int koomy_socket_error(int socket);
int koomy_local_address(int socket, struct koomy_address *address);
int koomy_set_reuse_address(int socket);
int koomy_set_reuse_port(int socket);
int koomy_set_v6_only(int socket, int enabled);
int koomy_set_pass_credentials(int socket);
/// 1 for a socket that listens.
int koomy_is_listening(int socket);
/// SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.
int koomy_socket_type(int socket);

// ---- message.c ----

struct koomy_credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

int koomy_peer_credentials(int socket, struct koomy_credentials *credentials);
/// A pidfd of the peer (Linux 6.5); -ENOPROTOOPT before.
int koomy_peer_pidfd(int socket);

struct koomy_message {
    void *bytes;
    size_t capacity;
    /// Room for the descriptors that came with it; those beyond the capacity are closed.
    int *descriptors;
    size_t descriptor_capacity;
    size_t descriptor_count;
    int has_credentials;
    struct koomy_credentials credentials;
    /// The message was longer than the room for it.
    int is_truncated;
    /// More descriptors came than there was room for, or than this process may have; they are closed.
    int lost_descriptors;
};

/// Receives one message without waiting, or, where it stays, looks at it only; returns its length.
ssize_t koomy_receive(int socket, struct koomy_message *message, int stays);
/// Sends one message without waiting and without SIGPIPE; `address` may be NULL.
ssize_t koomy_send(
    int socket, const void *bytes, size_t size, const int *descriptors, size_t count, const struct koomy_address *address);

// ---- file.c ----

struct koomy_file_status {
    uint32_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t modified_seconds;
    int64_t modified_nanoseconds;
};

int koomy_open(const char *path, int flags, mode_t mode);
int koomy_open_at(int directory, const char *path, int flags, mode_t mode);
int koomy_close(int descriptor);
ssize_t koomy_read(int descriptor, void *buffer, size_t size);
ssize_t koomy_write(int descriptor, const void *bytes, size_t size);
int koomy_pipe(int ends[2]);
/// The read end is a plain one; the write end, open for reading too, keeps the pipe's reader there for as long as it is
/// open itself. Where that cannot be had, because /proc is missing, it is a plain one.
int koomy_pipe_with_lasting_reader(int ends[2]);
/// fcntl(2), F_SETPIPE_SZ.
int koomy_set_pipe_size(int descriptor, int bytes);
/// A duplicate with a number of at least `minimum`.
int koomy_duplicate(int descriptor, int minimum);
int koomy_get_flags(int descriptor);
int koomy_set_nonblocking(int descriptor, int enabled);
/// Waits until a descriptor is ready, -1 milliseconds for ever; 0 also where a signal came first.
int koomy_poll(struct pollfd *set, size_t count, int milliseconds);
int koomy_fsync(int descriptor);
/* How many connections wait to be accepted on a listening TCP socket (tcp(7), TCP_INFO). */
int koomy_accept_queue(int descriptor);
int koomy_truncate(int descriptor, int64_t size);
int koomy_set_modified(int descriptor, int64_t seconds, long nanoseconds);
ssize_t koomy_write_at(int descriptor, const void *bytes, size_t size, int64_t offset);
int koomy_rename(const char *from, const char *to);
// -EEXIST where something is there already; where the file system cannot promise that, it was looked for before.
int koomy_rename_new(const char *from, const char *to);
int koomy_unlink(const char *path);
int koomy_rmdir(const char *path);
int koomy_mkdir(const char *path, mode_t mode);
int koomy_change_mode(const char *path, mode_t mode);
int koomy_change_mode_of(int descriptor, mode_t mode);
/// Does not follow a symbolic link; (uid_t)-1 and (gid_t)-1 leave the owner and the group.
int koomy_change_owner(const char *path, uid_t uid, gid_t gid);
int koomy_change_owner_of(int descriptor, uid_t uid, gid_t gid);
int koomy_status(int descriptor, struct koomy_file_status *status);
int koomy_status_at(const char *path, int follows_link, struct koomy_file_status *status);
/// The kind of the file system on which an open file is, as a number of statfs(2).
int koomy_file_system(int descriptor);
/// faccessat(2) with AT_EACCESS; mode is made of R_OK, W_OK and X_OK.
int koomy_access(const char *path, int mode);
/// Locks without waiting: -EWOULDBLOCK where somebody else holds the lock.
int koomy_lock(int descriptor);
int koomy_symlink(const char *target, const char *path);
/* The path without symbolic links, `.` and `..` (realpath(3)); its length without the NUL. */
ssize_t koomy_real_path(const char *path, char *buffer, size_t size);
ssize_t koomy_read_link(const char *path, char *buffer, size_t size);
ssize_t koomy_get_attribute(const char *path, const char *name, void *buffer, size_t size);
int koomy_set_attribute(const char *path, const char *name, const void *bytes, size_t size);
/// Reads a small file, as those of proc(5), from its beginning until the buffer is full.
ssize_t koomy_read_file(const char *path, void *buffer, size_t size);
/// Writes to a file that exists, in one call, as the files of cgroups(7) want it.
ssize_t koomy_write_file(const char *path, const void *bytes, size_t size);

// ---- memory.c ----

/// An empty file in memory that has no path and can be sealed; the name is shown in /proc only.
int koomy_memory_create(const char *name);
/// Forbids every change from now on (fcntl_linux.h, F_ADD_SEALS).
int koomy_memory_seal(int descriptor);
/// 1 where a file can no more be changed by anybody; -EINVAL for what cannot be sealed at all.
int koomy_memory_is_sealed(int descriptor);
/// Reads from a place without moving the offset.
ssize_t koomy_read_at(int descriptor, void *buffer, size_t size, int64_t offset);

// ---- directory.c ----

/// Calls `visit` with each name in a directory but `.` and `..`, until it returns other than 0.
int koomy_list_directory(const char *path, int (*visit)(const char *name, void *context), void *context);

#ifdef __cplusplus
}
#endif
