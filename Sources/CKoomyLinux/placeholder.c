#include "CKoomyLinux.h"
