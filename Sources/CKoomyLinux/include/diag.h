#pragma once

// Sockets as the kernel lists them (sock_diag(7)), and those that a process has; the rules of CKoomyLinux.h hold.

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/// States of a stream socket, TCP or Unix, as bits for koomy_diag_ask.
enum koomy_diag_states {
    /// Open for at least one of its sides, and held by a process.
    KOOMY_DIAG_CONNECTED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11,
    KOOMY_DIAG_LISTENING = 1 << 10,
};

/// One socket of a list.
struct koomy_diag_socket {
    /// 0 for one that no process has: not accepted yet, or closed.
    uint64_t inode;
    /// The local port; 0 for a Unix socket.
    uint16_t port;
    /// Bytes of the local path; 0 for a TCP socket, or one without a name.
    uint16_t path_length;
    char path[108];
};

/// Room that koomy_diag_receive and koomy_socket_inodes want for what comes at once.
#define KOOMY_DIAG_ROOM 512

/// A connection to the kernel for lists of sockets; it never waits.
int koomy_diag_open(void);
/// Begins a list of the sockets of AF_INET, AF_INET6 (TCP) or AF_UNIX (streams) in these states.
int koomy_diag_ask(int diag, int family, uint32_t states);
/// The next part of the list, which has at most KOOMY_DIAG_ROOM sockets; at the end `is_over` is 1.
ssize_t koomy_diag_receive(int diag, struct koomy_diag_socket *sockets, size_t capacity, int *is_over);
/// The inodes of the sockets among the next descriptors in an open directory /proc/PID/fd, at most KOOMY_DIAG_ROOM; at
/// the end `is_over` is 1.
ssize_t koomy_socket_inodes(int directory, uint64_t *inodes, size_t capacity, int *is_over);

#ifdef __cplusplus
}
#endif
