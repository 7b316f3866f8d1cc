#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loadgen.h"

/* How long the server may take to close a connection after its answer, so that TIME_WAIT is its own. */
static const nanos linger_time = SECOND;

struct connection {
    enum { CONNECTING, SENDING, READING, IDLE, LINGERING } state;
    int fd; /* -1 for none */
    struct request request;
    bool retried;
    size_t sent;
    nanos deadline;
    struct response response;
    struct connection *previous, *next;
};

struct list {
    struct connection *first, *last;
};

/* In flight and lingering connections stand in the order of their deadlines, as all of a list wait equally long. */
static struct list in_flight, idle, lingering;
static struct connection *unused;
static int in_flight_count;
static int epoll;

/* Closed loop: after a failure its place stays empty for a moment; a ring of the moments when each is free again. */
static struct {
    nanos *until;
    uint64_t first, end, size;
} pauses;

static void list_add(struct list *list, struct connection *connection) {
    connection->next = NULL;
    connection->previous = list->last;
    if (list->last) list->last->next = connection;
    else list->first = connection;
    list->last = connection;
}

static void list_remove(struct list *list, struct connection *connection) {
    if (connection->previous) connection->previous->next = connection->next;
    else list->first = connection->next;
    if (connection->next) connection->next->previous = connection->previous;
    else list->last = connection->previous;
}

void connections_init(void) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    pauses.size = (uint64_t)options.limit + 1;
    pauses.until = calloc(pauses.size, sizeof *pauses.until);
    if (epoll < 0 || !pauses.until) abort();
}

int connections_in_flight(void) { return in_flight_count; }

static void watch(struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void disconnect(struct connection *connection) {
    if (connection->fd >= 0) close(connection->fd);
    connection->fd = -1;
}

static struct connection *take_unused(void) {
    struct connection *connection = unused;
    if (connection) unused = connection->next;
    else connection = malloc(sizeof *connection);
    if (!connection) abort();
    connection->fd = -1;
    return connection;
}

static void put_back(struct connection *connection) {
    disconnect(connection);
    connection->next = unused;
    unused = connection;
}

static void leave_flight(struct connection *connection) {
    list_remove(&in_flight, connection);
    in_flight_count--;
}

static void pause_after_failure(nanos now) {
    if (options.rate > 0 || !options.pause) return;
    pauses.until[pauses.end++ % pauses.size] = now + options.pause;
    in_flight_count++;
}

static void fail(struct connection *connection, enum failure failure, int error, nanos now) {
    leave_flight(connection);
    tally_failure(&connection->request, &connection->response, failure, error, now);
    put_back(connection);
    pause_after_failure(now);
}

static void begin_on(struct connection *connection, nanos now);

/* The stream ended, or broke, while a response was due. */
static void lost(struct connection *connection, int error, nanos now) {
    if (connection->response.received) return fail(connection, TRUNCATED, error, now);
    if (!connection->request.on_reused_connection)
        return fail(connection, error ? RESET_NO_RESPONSE : CLOSED_NO_RESPONSE, error, now);
    if (!options.retry || connection->retried) return fail(connection, STALE_KEEPALIVE, error, now);
    leave_flight(connection);
    disconnect(connection);
    connection->retried = true;
    if (tally_counts(&connection->request)) tally.retried++;
    begin_on(connection, now);
}

/* The response is complete. */
static void finish(struct connection *connection, bool at_close, nanos now) {
    int status = connection->response.status;
    bool good = options.expected_status ? status == options.expected_status : status >= 200 && status < 400;
    leave_flight(connection);
    if (good) {
        tally_ok(&connection->request, &connection->response, now);
    } else {
        tally_failure(&connection->request, &connection->response, BAD_STATUS, 0, now);
        pause_after_failure(now);
    }
    if (at_close || (options.keep_alive && connection->response.closes)) return put_back(connection);
    connection->state = options.keep_alive ? IDLE : LINGERING;
    connection->deadline = now + linger_time;
    list_add(options.keep_alive ? &idle : &lingering, connection);
    watch(connection, EPOLLIN | EPOLLRDHUP);
}

static void receive(struct connection *connection, nanos now) {
    static char buffer[262144];
    for (;;) {
        ssize_t count = recv(connection->fd, buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count < 0) return lost(connection, errno, now);
        if (count == 0) {
            if (response_ends_at_close(&connection->response)) finish(connection, true, now);
            else lost(connection, 0, now);
            return;
        }
        tally.bytes += (uint64_t)count;
        switch (response_feed(&connection->response, buffer, (size_t)count)) {
        case PARSE_BAD: return fail(connection, BAD_PROTOCOL, 0, now);
        case PARSE_DONE: return finish(connection, false, now);
        case PARSE_MORE: break;
        }
        /* There may be the end of the stream behind it; epoll will tell. */
        if (count < (ssize_t)sizeof buffer) return;
    }
}

static void send_request(struct connection *connection, nanos now) {
    while (connection->sent < options.request_length) {
        ssize_t count = send(connection->fd, options.request + connection->sent,
                             options.request_length - connection->sent, MSG_NOSIGNAL);
        if (count >= 0) {
            connection->sent += (size_t)count;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) {
            connection->state = SENDING;
            return watch(connection, EPOLLIN | EPOLLOUT);
        }
        int error = errno;
        char byte;
        if (recv(connection->fd, &byte, 1, MSG_PEEK) > 0) break; /* it answered before it had read everything */
        return lost(connection, error, now);
    }
    connection->state = READING;
    watch(connection, EPOLLIN);
}

static enum failure connect_failure(int error) {
    switch (error) {
    case ECONNREFUSED:
    case ENOENT: return CONNECT_REFUSED;
    case ECONNRESET: return CONNECT_RESET;
    case ETIMEDOUT: return CONNECT_TIMEOUT;
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE: return LOCAL_ERROR;
    default: return CONNECT_OTHER;
    }
}

/* Gives a socket the next of several source addresses: one address has no more than 28,000 ports. */
static int bind_source(int fd) {
    static unsigned turn;
    int yes = 1;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % (unsigned)options.sources);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    return bind(fd, (struct sockaddr *)&source, sizeof source);
}

static void connect_for(struct connection *connection, nanos now) {
    int fd = socket(options.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(connection, LOCAL_ERROR, errno, now);
    connection->fd = fd;
    tally.connects++;
    if (options.address.ss_family == AF_INET) {
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (options.sources > 1 && bind_source(fd) < 0) return fail(connection, LOCAL_ERROR, errno, now);
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    if (connect(fd, (struct sockaddr *)&options.address, options.address_length) == 0)
        return send_request(connection, now);
    if (errno == EINPROGRESS) connection->state = CONNECTING;
    else fail(connection, connect_failure(errno), errno, now);
}

/* Sends the request on the connection's open socket, or on a new one. */
static void begin_on(struct connection *connection, nanos now) {
    connection->request.begun = now;
    connection->request.on_reused_connection = connection->fd >= 0;
    connection->deadline = now + options.timeout;
    connection->sent = 0;
    response_init(&connection->response);
    list_add(&in_flight, connection);
    if (++in_flight_count > tally.most_in_flight) tally.most_in_flight = in_flight_count;
    if (connection->fd >= 0) send_request(connection, now);
    else connect_for(connection, now);
}

void connections_begin(nanos due, nanos now) {
    struct connection *connection = idle.last; /* the one used last is the least likely to be closed by the server */
    if (connection) list_remove(&idle, connection);
    else connection = take_unused();
    connection->request.due = due;
    connection->retried = false;
    if (tally_counts(&connection->request)) {
        tally.begun++;
        histogram_add(&tally.start_lag, now - due);
    }
    begin_on(connection, now);
}

nanos connections_expire(nanos now) {
    nanos next = UINT64_MAX;
    while (in_flight.first && in_flight.first->deadline <= now)
        fail(in_flight.first, in_flight.first->state == CONNECTING ? CONNECT_TIMEOUT : TIMEOUT, 0, now);
    while (lingering.first && lingering.first->deadline <= now) {
        struct connection *connection = lingering.first;
        list_remove(&lingering, connection);
        put_back(connection);
    }
    for (; pauses.first < pauses.end && pauses.until[pauses.first % pauses.size] <= now; pauses.first++)
        in_flight_count--;
    if (in_flight.first) next = in_flight.first->deadline;
    if (pauses.first < pauses.end && pauses.until[pauses.first % pauses.size] < next)
        next = pauses.until[pauses.first % pauses.size];
    return next;
}

void connections_give_up(nanos now) {
    while (in_flight.first) fail(in_flight.first, TIMEOUT, 0, now);
}

static void handle(struct connection *connection, uint32_t events, nanos now) {
    switch (connection->state) {
    case CONNECTING: {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error) fail(connection, connect_failure(error), error, now);
        else send_request(connection, now);
        break;
    }
    case SENDING:
        if (events & EPOLLOUT) send_request(connection, now);
        else receive(connection, now);
        break;
    case READING: receive(connection, now); break;
    case IDLE: /* the server closed an idle connection, as it may */
        list_remove(&idle, connection);
        put_back(connection);
        break;
    case LINGERING:
        list_remove(&lingering, connection);
        put_back(connection);
        break;
    }
}

void connections_wait(nanos wake, const void *signal_mask) {
    static struct epoll_event events[1024];
    nanos now = clock_now(), span = wake > now ? wake - now : 0;
    struct timespec limit = {.tv_sec = (time_t)(span / SECOND), .tv_nsec = (long)(span % SECOND)};
    int count = epoll_pwait2(epoll, events, sizeof events / sizeof *events, &limit, signal_mask);
    now = clock_now();
    for (int i = 0; i < count; i++) handle(events[i].data.ptr, events[i].events, now);
}
