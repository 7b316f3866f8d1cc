#include "internal.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

// getaddrinfo(3) has numbers of its own; these are the closest of errno.
static int error_of_lookup(int code)
{
    switch (code) {
    case EAI_SYSTEM: return -errno;
    case EAI_AGAIN: return -EAGAIN;
    case EAI_MEMORY: return -ENOMEM;
    case EAI_FAIL: return -EIO;
    case EAI_FAMILY: return -EAFNOSUPPORT;
    default: return -ENOENT;
    }
}

int koomy_address_lookup(const char *host, uint16_t port, int passive, struct koomy_address *addresses, int capacity)
{
    struct addrinfo hints, *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    const int code = getaddrinfo(host, service, &hints, &found);
    if (code != 0)
        return error_of_lookup(code);
    int count = 0;
    for (const struct addrinfo *one = found; one != NULL && count < capacity; one = one->ai_next) {
        if (one->ai_addrlen > sizeof addresses[count].storage)
            continue;
        memset(&addresses[count], 0, sizeof addresses[count]);
        memcpy(&addresses[count].storage, one->ai_addr, one->ai_addrlen);
        addresses[count].length = one->ai_addrlen;
        count++;
    }
    freeaddrinfo(found);
    return count;
}

int koomy_address_any(int family, uint16_t port, struct koomy_address *address)
{
    memset(address, 0, sizeof *address);
    if (family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        v6->sin6_addr = in6addr_any;
        address->length = sizeof *v6;
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        v4->sin_addr.s_addr = htonl(INADDR_ANY);
        address->length = sizeof *v4;
    }
    return 0;
}

int koomy_address_unix(const char *path, struct koomy_address *address)
{
    struct sockaddr_un *local = (struct sockaddr_un *)&address->storage;
    const size_t length = strlen(path);
    // unix(7): sun_path has 108 bytes with the NUL.
    if (length >= sizeof local->sun_path)
        return -ENAMETOOLONG;
    if (length == 0)
        return -EINVAL;
    memset(address, 0, sizeof *address);
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path, length + 1);
    address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return 0;
}

int koomy_address_family(const struct koomy_address *address) { return address->storage.ss_family; }

int koomy_address_port(const struct koomy_address *address)
{
    switch (address->storage.ss_family) {
    case AF_INET: return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
    case AF_INET6: return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
    default: return 0;
    }
}

int koomy_address_text(const struct koomy_address *address, char *text, size_t size)
{
    const char *written = NULL;
    if (size == 0)
        return -ENOSPC;
    switch (address->storage.ss_family) {
    case AF_INET:
        written = inet_ntop(AF_INET, &((const struct sockaddr_in *)&address->storage)->sin_addr, text, (socklen_t)size);
        break;
    case AF_INET6:
        written = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&address->storage)->sin6_addr, text, (socklen_t)size);
        break;
    case AF_UNIX: {
        // An unnamed socket has no path at all; a path need not end with a NUL.
        const struct sockaddr_un *local = (const struct sockaddr_un *)&address->storage;
        const size_t before = offsetof(struct sockaddr_un, sun_path);
        const size_t room = address->length > before ? address->length - before : 0;
        const size_t length = strnlen(local->sun_path, room);
        if (length >= size)
            return -ENOSPC;
        memcpy(text, local->sun_path, length);
        text[length] = '\0';
        written = text;
        break;
    }
    default: return -EAFNOSUPPORT;
    }
    return written == NULL ? -errno : (int)strlen(text);
}
