#include "internal.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>

int koomy_list_directory(const char *path, int (*visit)(const char *name, void *context), void *context)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return -errno;
    int result = 0;
    while (true) {
        // readdir(3) tells an error from the end only by errno.
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            result = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (visit(entry->d_name, context) != 0)
            break;
    }
    closedir(directory);
    return result;
}
