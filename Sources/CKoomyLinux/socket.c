#include "internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

int koomy_socket(int family, int type)
{
    return KOOMY_NEED("socket", EMFILE, KOOMY_RESULT(socket(family, type | SOCK_CLOEXEC, 0)));
}

int koomy_socket_pair(int type, int pair[2])
{
    return KOOMY_NEED("socketpair", EMFILE, KOOMY_RESULT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair)));
}

int koomy_bind(int socket, const struct koomy_address *address)
{
    return KOOMY_EFFECT_ON(
        "bind", EADDRINUSE, socket,
        KOOMY_RESULT(bind(socket, (const struct sockaddr *)&address->storage, address->length)));
}

int koomy_listen(int socket, int backlog)
{
    return KOOMY_EFFECT_ON("listen", EADDRINUSE, socket, KOOMY_RESULT(listen(socket, backlog)));
}

int koomy_connect(int socket, const struct koomy_address *address)
{
    const int failure = KOOMY_BEFORE("connect", true, ECONNREFUSED, NULL, socket);
    if (failure < 0)
        return failure;
    if (connect(socket, (const struct sockaddr *)&address->storage, address->length) == 0)
        return 0;
    return errno == EINPROGRESS ? 1 : -errno;
}

int koomy_connect_and_wait(int socket, const struct koomy_address *address)
{
    if (connect(socket, (const struct sockaddr *)&address->storage, address->length) == 0)
        return 0;
    if (errno != EINTR)
        return -errno;
    // connect(2): an interrupted connection goes on by itself, and must not be begun again.
    struct pollfd wait = {.fd = socket, .events = POLLOUT};
    const int result = KOOMY_RETRY(poll(&wait, 1, -1));
    return result < 0 ? result : -koomy_socket_error(socket);
}

int koomy_accept(int socket, int flags) { return KOOMY_RETRY(accept4(socket, NULL, NULL, flags | SOCK_CLOEXEC)); }

int koomy_shutdown_writing(int socket) { return KOOMY_RESULT(shutdown(socket, SHUT_WR)); }

static int get_option(int socket, int name)
{
    int value = 0;
    socklen_t length = sizeof value;
    const int result = KOOMY_RESULT(getsockopt(socket, SOL_SOCKET, name, &value, &length));
    return result < 0 ? result : value;
}

static int set_option(int socket, int level, int name, int value)
{
    return KOOMY_RESULT(setsockopt(socket, level, name, &value, sizeof value));
}

int koomy_socket_error(int socket) { return get_option(socket, SO_ERROR); }

int koomy_is_listening(int socket) { return get_option(socket, SO_ACCEPTCONN); }

int koomy_socket_type(int socket) { return get_option(socket, SO_TYPE); }

int koomy_local_address(int socket, struct koomy_address *address)
{
    memset(address, 0, sizeof *address);
    address->length = sizeof address->storage;
    return KOOMY_RESULT(getsockname(socket, (struct sockaddr *)&address->storage, &address->length));
}

int koomy_set_reuse_address(int socket) { return set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1); }

int koomy_set_reuse_port(int socket) { return set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1); }

int koomy_set_v6_only(int socket, int enabled) { return set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, enabled); }

int koomy_set_pass_credentials(int socket) { return set_option(socket, SOL_SOCKET, SO_PASSCRED, 1); }

int koomy_accept_queue(int descriptor)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        return -errno;
    /* Of a listening socket the field counts these (inet_diag and ss read it the same way). */
    return info.tcpi_state == TCP_LISTEN ? (int)info.tcpi_unacked : -EINVAL;
}
