#pragma once
// What a worker needs of the kernel beside its own protocol. Every function returns >= 0, or -errno.
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// worker_signal.c: TERM and INT as a descriptor

// Installs handlers for SIGTERM and SIGINT once in a process and returns an eventfd that becomes, and stays, readable
// when either arrives. Later calls return the same descriptor.
int koomy_worker_termination_open(void);
// The last of the two signals that arrived, or 0.
int koomy_worker_termination_signal(void);

// worker_socket.c: listening sockets and connections

// Keeps a descriptor from programs that this process starts.
int koomy_worker_set_close_on_exec(int fd);
// Writes "tcp://127.0.0.1:80", "tcp://[::1]:80" or "unix:/path" with its NUL; returns the length.
int koomy_worker_local_address(int fd, char *text, size_t size);
// A listening socket, non-blocking and close-on-exec. Host NULL is every address, IPv6 and IPv4.
int koomy_worker_listen_tcp(const char *host, uint16_t port, int backlog);
// The same for a path; a socket file that nobody serves is replaced, a live one is -EADDRINUSE.
int koomy_worker_listen_unix(const char *path, int backlog);
// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC; an aborted connection is skipped.
int koomy_worker_accept(int fd, struct sockaddr_storage *address, socklen_t *length);
// Opens a connection and waits until it is there: 0, or -errno; -ETIMEDOUT after `timeout_ms`.
int koomy_worker_try_connect(const char *host, const char *port, int timeout_ms);
// Bytes that wait to be read.
int koomy_worker_unread(int fd);
int koomy_worker_shutdown_both(int fd);
// Raises the number of descriptors that may be open towards `wanted`, as far as it is allowed; returns what it is now.
int koomy_worker_raise_descriptor_limit(int wanted);
ssize_t koomy_worker_receive(int fd, void *buffer, size_t size);
ssize_t koomy_worker_send(int fd, const void *bytes, size_t count);

// worker_notify.c: sd_notify(3) without libsystemd

// Sends one datagram to a path, or to an abstract name after '@'. Waits up to `timeout_ms` for room; 0 for not at all.
int koomy_worker_notify(const char *path, const void *message, size_t size, int timeout_ms);

// worker_io.c: waiting, waking, writing

// poll(2); a signal counts as nothing ready.
int koomy_worker_poll(struct pollfd *set, size_t count, int timeout_ms);
// An eventfd that starts at 0. Taking from it waits for a signal, or returns -EAGAIN at once.
int koomy_worker_event_open(int waits);
int koomy_worker_event_signal(int fd);
// Takes all signals so far.
int koomy_worker_event_take(int fd);
// Writes everything, waiting where a pipe is full; one write(2) where the kernel takes it whole.
int koomy_worker_write_all(int fd, const void *bytes, size_t count);
