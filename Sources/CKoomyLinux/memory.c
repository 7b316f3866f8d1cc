#include "internal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int koomy_memory_create(const char *name)
{
    return KOOMY_NEED("memfd", EMFILE, KOOMY_RESULT(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)));
}

int koomy_memory_seal(int descriptor) { return KOOMY_RESULT(fcntl(descriptor, F_ADD_SEALS, ALL_SEALS)); }

int koomy_memory_is_sealed(int descriptor)
{
    const int seals = KOOMY_RESULT(fcntl(descriptor, F_GET_SEALS));
    return seals < 0 ? seals : (seals & ALL_SEALS) == ALL_SEALS;
}

ssize_t koomy_read_at(int descriptor, void *buffer, size_t size, int64_t offset)
{
    return KOOMY_RETRY(pread(descriptor, buffer, size, offset));
}
