#include "internal.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// A TCP socket takes 72 bytes and more of a message, a Unix socket 32 and more: what fits here fits in KOOMY_DIAG_ROOM.
#define MESSAGE_SIZE 16384

// <dirent.h> has no name for what getdents64(2) writes.
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

int koomy_diag_open(void)
{
    return KOOMY_RESULT(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
}

static int ask(int diag, void *request, uint32_t length)
{
    struct nlmsghdr *header = request;
    header->nlmsg_len = length;
    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    const ssize_t sent = KOOMY_RETRY(send(diag, request, length, 0));
    return sent < 0 ? (int)sent : 0;
}

int koomy_diag_ask(int diag, int family, uint32_t states)
{
    if (family == AF_UNIX) {
        struct {
            struct nlmsghdr header;
            struct unix_diag_req body;
        } request = {.body = {.sdiag_family = AF_UNIX, .udiag_states = states, .udiag_show = UDIAG_SHOW_NAME}};
        return ask(diag, &request, sizeof request);
    }
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {.body = {.sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = states}};
    return ask(diag, &request, sizeof request);
}

static void take_inet(const struct inet_diag_msg *message, struct koomy_diag_socket *socket)
{
    socket->inode = message->idiag_inode;
    socket->port = ntohs(message->id.idiag_sport);
}

static void take_unix(const struct nlmsghdr *header, struct koomy_diag_socket *socket)
{
    const struct unix_diag_msg *message = NLMSG_DATA(header);
    socket->inode = message->udiag_ino;
    long rest = (long)header->nlmsg_len - (long)NLMSG_LENGTH(sizeof *message);
    const struct rtattr *attribute = (const void *)((const char *)message + NLMSG_ALIGN(sizeof *message));
    for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest)) {
        if (attribute->rta_type != UNIX_DIAG_NAME)
            continue;
        size_t length = RTA_PAYLOAD(attribute);
        if (length > sizeof socket->path)
            length = sizeof socket->path;
        memcpy(socket->path, RTA_DATA(attribute), length);
        // The path of a file may come with its NUL; an abstract name begins with one.
        if (length > 0 && socket->path[0] != 0)
            length = strnlen(socket->path, length);
        socket->path_length = (uint16_t)length;
    }
}

ssize_t koomy_diag_receive(int diag, struct koomy_diag_socket *sockets, size_t capacity, int *is_over)
{
    _Alignas(struct nlmsghdr) char buffer[MESSAGE_SIZE];
    *is_over = 0;
    // The kernel has written the next part when the call for the part before returns: there is nothing to wait for.
    const ssize_t size = KOOMY_RETRY(recv(diag, buffer, sizeof buffer, MSG_TRUNC));
    if (size < 0)
        return size;
    if ((size_t)size > sizeof buffer)
        return -EMSGSIZE;
    size_t count = 0;
    size_t rest = (size_t)size;
    for (const struct nlmsghdr *header = (const void *)buffer; NLMSG_OK(header, rest); header = NLMSG_NEXT(header, rest)) {
        if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
            return -EINTR;
        if (header->nlmsg_type == NLMSG_DONE) {
            *is_over = 1;
            break;
        }
        if (header->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *failure = NLMSG_DATA(header);
            return failure->error < 0 ? failure->error : -EPROTO;
        }
        if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
            continue;
        if (count == capacity)
            return -ENOBUFS;
        struct koomy_diag_socket *socket = &sockets[count];
        socket->inode = 0;
        socket->port = 0;
        socket->path_length = 0;
        const uint8_t family = *(const uint8_t *)NLMSG_DATA(header);
        if (family == AF_UNIX && header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct unix_diag_msg)))
            take_unix(header, socket);
        else if (family != AF_UNIX && header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            take_inet(NLMSG_DATA(header), socket);
        else
            return -EPROTO;
        count++;
    }
    return (ssize_t)count;
}

ssize_t koomy_socket_inodes(int directory, uint64_t *inodes, size_t capacity, int *is_over)
{
    // An entry has 24 bytes at least, and takes some microseconds: no more than a millisecond at once.
    _Alignas(struct entry) char buffer[128 * 24];
    *is_over = 0;
    if (capacity < KOOMY_DIAG_ROOM)
        return -EINVAL;
    const long size = KOOMY_RESULT(syscall(SYS_getdents64, directory, buffer, sizeof buffer));
    if (size < 0)
        return size;
    *is_over = size == 0;
    size_t count = 0;
    for (long offset = 0; offset < size;) {
        const struct entry *entry = (const void *)(buffer + offset);
        offset += entry->length;
        if (entry->name[0] == '.')
            continue;
        char target[64];
        const ssize_t length = KOOMY_RESULT(readlinkat(directory, entry->name, target, sizeof target - 1));
        // Closed meanwhile.
        if (length == -ENOENT)
            continue;
        if (length < 0)
            return length;
        target[length] = 0;
        if (strncmp(target, "socket:[", 8) == 0)
            inodes[count++] = strtoull(target + 8, NULL, 10);
    }
    return (ssize_t)count;
}
