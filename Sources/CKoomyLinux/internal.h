#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>

#include "CKoomyLinux.h"
#include "fault.h"

// The value of a call, or -errno.
#define KOOMY_RESULT(call)                          \
    ({                                              \
        __typeof__(call) koomy_value_ = (call);     \
        koomy_value_ < 0 ? -errno : koomy_value_;   \
    })

// The same for a call that is made again when a signal interrupts it.
#define KOOMY_RETRY(call)                                  \
    ({                                                     \
        __typeof__(call) koomy_value_;                     \
        do {                                               \
            koomy_value_ = (call);                         \
        } while (koomy_value_ < 0 && errno == EINTR);      \
        koomy_value_ < 0 ? -errno : koomy_value_;          \
    })
