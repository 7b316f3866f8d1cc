#include "internal.h"

#include <string.h>

const char *koomy_errno_name(int number) { return strerrorname_np(number); }

const char *koomy_errno_text(int number) { return strerrordesc_np(number); }
