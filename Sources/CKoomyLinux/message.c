#include "internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

// The most descriptors that one message carries (unix(7), SCM_RIGHTS).
#define MOST_DESCRIPTORS 253

int koomy_peer_credentials(int socket, struct koomy_credentials *credentials)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    const int result = KOOMY_RESULT(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length));
    if (result < 0)
        return result;
    *credentials = (struct koomy_credentials){peer.pid, peer.uid, peer.gid};
    return 0;
}

int koomy_peer_pidfd(int socket)
{
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    const int result = KOOMY_RESULT(getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length));
    return result < 0 ? result : pidfd;
}

// Hands over as many descriptors as there is room for, and closes the others: an unread one would stay open for ever.
static void take_descriptors(struct koomy_message *message, const struct cmsghdr *header)
{
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
        if (message->descriptor_count < message->descriptor_capacity)
            message->descriptors[message->descriptor_count++] = descriptor;
        else {
            close(descriptor);
            message->lost_descriptors = 1;
        }
    }
}

ssize_t koomy_receive(int socket, struct koomy_message *message, int stays)
{
    union {
        char bytes[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {message->bytes, message->capacity};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    message->descriptor_count = 0;
    message->has_credentials = 0;
    message->is_truncated = 0;
    message->lost_descriptors = 0;
    const int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC | (stays ? MSG_PEEK : 0);
    const ssize_t size = KOOMY_RETRY(recvmsg(socket, &header, flags));
    if (size < 0)
        return size;
    message->is_truncated = (header.msg_flags & MSG_TRUNC) != 0;
    // The room is enough for all that a message carries, so what is missing had no number left (EMFILE).
    message->lost_descriptors = (header.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&header); one != NULL; one = CMSG_NXTHDR(&header, one)) {
        if (one->cmsg_level != SOL_SOCKET)
            continue;
        if (one->cmsg_type == SCM_RIGHTS) {
            take_descriptors(message, one);
        } else if (one->cmsg_type == SCM_CREDENTIALS && one->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(one), sizeof sender);
            message->credentials = (struct koomy_credentials){sender.pid, sender.uid, sender.gid};
            message->has_credentials = 1;
        }
    }
    return size;
}

ssize_t koomy_send(
    int socket, const void *bytes, size_t size, const int *descriptors, size_t count, const struct koomy_address *address)
{
    if (count > MOST_DESCRIPTORS)
        return -E2BIG;
    union {
        char bytes[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {(void *)bytes, size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (address != NULL) {
        header.msg_name = (void *)&address->storage;
        header.msg_namelen = address->length;
    }
    if (count > 0) {
        memset(&control, 0, sizeof control);
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *one = CMSG_FIRSTHDR(&header);
        one->cmsg_level = SOL_SOCKET;
        one->cmsg_type = SCM_RIGHTS;
        one->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(one), descriptors, count * sizeof(int));
    }
    return KOOMY_EFFECT_ON(
        "send", ENOBUFS, socket, KOOMY_RETRY(sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL)));
}
