#pragma once

// Fault points: in a debug build each call by which something outside of this process changes can be made to fail, or to
// be the last thing that this process does. A release build has none of it. fault.c says how to ask for it.

#include <stdbool.h>
#include <stddef.h>

#ifdef KOOMY_FAULTS

extern bool koomy_has_faults;
// 0, or -errno where the call is to fail without being made.
int koomy_before_effect(const char *name, bool is_need, int error, const char *path, int descriptor);
void koomy_after_effect(void);
// How much of something is written before the death in the middle of it.
size_t koomy_torn_size(size_t size);

#define KOOMY_BEFORE(name, is_need, error, path, descriptor)   \
    (__builtin_expect(koomy_has_faults, false) ? koomy_before_effect(name, is_need, error, path, descriptor) : 0)
#define KOOMY_AFTER() (__builtin_expect(koomy_has_faults, false) ? koomy_after_effect() : (void)0)
#define KOOMY_TORN(size) (__builtin_expect(koomy_has_faults, false) ? koomy_torn_size(size) : (size))

#else

#define KOOMY_BEFORE(name, is_need, error, path, descriptor) 0
#define KOOMY_AFTER() ((void)0)
#define KOOMY_TORN(size) (size)

#endif

// The value of a call that may fail with this error before it is made, or after which this process may be dead.
#define KOOMY_POINT(name, is_need, error, path, descriptor, call)                         \
    ({                                                                                    \
        const int koomy_fault_ = KOOMY_BEFORE(name, is_need, error, path, descriptor);    \
        __typeof__(call) koomy_outcome_ = koomy_fault_ < 0 ? koomy_fault_ : (call);       \
        KOOMY_AFTER();                                                                    \
        koomy_outcome_;                                                                   \
    })

#define KOOMY_EFFECT_AT(name, error, path, call) KOOMY_POINT(name, false, error, path, -1, call)
#define KOOMY_EFFECT_ON(name, error, descriptor, call) KOOMY_POINT(name, false, error, NULL, descriptor, call)
// A call that takes what can be short, as a descriptor or memory.
#define KOOMY_NEED(name, error, call) KOOMY_POINT(name, true, error, NULL, -1, call)
