#include "internal.h"

#ifdef KOOMY_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// KOOMY_FAULT=die-after:N | die-before:N | tear:N | fail:N[:ERRNO] | count: [,from:FILE] [,log:FILE] [,spare:TEXT;TEXT]
//
// An effect is a call by which something outside of this process changes; a need is one that only takes something, as a
// descriptor. Death strikes at the Nth effect, tear: in the middle of what it writes; failure at the Nth effect or need.
// Counting begins when the file named by `from` is there, and goes on in it: in another program in the same process, and
// for whoever looks. `log` gets a line for each: the numbers, its name, and what it is done to.
// What is done to something with one of the texts of `spare` in its name is not counted: logs that workers write at
// their own pace.

enum kind { NONE, DIE_BEFORE, DIE_AFTER, TEAR, FAIL };

struct counts {
    uint32_t effects;
    uint32_t all;
};

static struct {
    enum kind kind;
    uint32_t number;
    int error;
    char from[256];
    char spare[8][32];
    char log[256];
    bool is_counting;
    bool dies_after;
    struct counts own;
    struct counts *counts;
} fault = {.counts = &fault.own};

bool koomy_has_faults;

// Opened each time: koomyd takes every descriptor that is open for its own when it goes on in another program.
static void note(const char *line)
{
    const int file = fault.log[0] == '\0' ? -1 : open(fault.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    (void)!write(file, line, strlen(line));
    close(file);
}

static int errno_number(const char *name)
{
    for (int number = 1; number < 134; number++) {
        const char *known = strerrorname_np(number);
        if (known != NULL && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

// By its whole path: the folder in which we are may change.
static void take_path(const char *value, char *path, size_t size)
{
    char folder[200] = "";
    if (value[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return;
    snprintf(path, size, "%s/%s", folder, value);
}

static void take_word(char *word)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {{"die-before", DIE_BEFORE}, {"die-after", DIE_AFTER}, {"tear", TEAR}, {"fail", FAIL}};
    char *value = strchr(word, ':');
    if (value == NULL)
        return;
    *value++ = '\0';
    if (strcmp(word, "from") == 0) {
        take_path(value, fault.from, sizeof fault.from);
    } else if (strcmp(word, "spare") == 0) {
        char *rest = NULL, *text = strtok_r(value, ";", &rest);
        for (size_t i = 0; text != NULL && i < sizeof fault.spare / sizeof *fault.spare; i++) {
            snprintf(fault.spare[i], sizeof fault.spare[i], "%s", text);
            text = strtok_r(NULL, ";", &rest);
        }
    } else if (strcmp(word, "log") == 0) {
        take_path(value, fault.log, sizeof fault.log);
        // Whoever looks sees that there are fault points.
        note("");
    } else {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (strcmp(word, kinds[i].name) == 0)
                fault.kind = kinds[i].kind;
        char *error = strchr(value, ':');
        fault.number = (uint32_t)strtoul(value, NULL, 10);
        fault.error = error == NULL ? 0 : errno_number(error + 1);
    }
}

__attribute__((constructor)) static void take_variable(void)
{
    const char *variable = getenv("KOOMY_FAULT");
    if (variable == NULL || variable[0] == '\0')
        return;
    char words[1024], *rest = NULL;
    snprintf(words, sizeof words, "%s", variable);
    for (char *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        take_word(word);
    fault.is_counting = fault.from[0] == '\0';
    koomy_has_faults = true;
}

// The counts are in the file, so that another program in this process goes on with them.
static bool is_counting(void)
{
    if (fault.is_counting)
        return true;
    const int file = open(fault.from, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return false;
    if (ftruncate(file, sizeof *fault.counts) == 0) {
        void *shared = mmap(NULL, sizeof *fault.counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared != MAP_FAILED)
            fault.counts = shared;
    }
    close(file);
    fault.is_counting = true;
    return true;
}

static void describe(char *text, size_t size, const char *path, int descriptor)
{
    if (path != NULL) {
        snprintf(text, size, "%s", path);
        return;
    }
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = descriptor < 0 ? -1 : readlink(link, text, size - 1);
    text[length < 0 ? 0 : length] = '\0';
}

static bool is_spared(const char *subject)
{
    for (size_t i = 0; i < sizeof fault.spare / sizeof *fault.spare && fault.spare[i][0] != '\0'; i++)
        if (strstr(subject, fault.spare[i]) != NULL)
            return true;
    return false;
}

_Noreturn static void die(void)
{
    while (true)
        kill(getpid(), SIGKILL);
}

int koomy_before_effect(const char *name, bool is_need, int error, const char *path, int descriptor)
{
    if (!is_counting())
        return 0;
    // What is called here must not change what the caller finds in errno.
    const int before = errno;
    char subject[256];
    describe(subject, sizeof subject, path, descriptor);
    errno = before;
    if (is_spared(subject))
        return 0;
    fault.counts->all++;
    if (!is_need)
        fault.counts->effects++;
    char line[400];
    snprintf(
        line, sizeof line, "%u %u %s%s %s\n", fault.counts->effects, fault.counts->all, is_need ? "+" : "", name, subject);
    note(line);
    errno = before;
    if (fault.kind == FAIL)
        return fault.counts->all == fault.number ? -(fault.error != 0 ? fault.error : error) : 0;
    if (is_need || fault.kind == NONE || fault.counts->effects != fault.number)
        return 0;
    if (fault.kind == DIE_BEFORE)
        die();
    fault.dies_after = true;
    return 0;
}

size_t koomy_torn_size(size_t size) { return fault.kind == TEAR && fault.dies_after ? size / 2 : size; }

void koomy_after_effect(void)
{
    if (fault.dies_after)
        die();
}

#endif
