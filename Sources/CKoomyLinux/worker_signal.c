#define _GNU_SOURCE
#include "include/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

// A handler and an eventfd rather than a signalfd: a signalfd needs the signals blocked in every thread, and a
// blocked mask is inherited by every program that the worker starts, which then cannot be ended by TERM.

static _Atomic int event_fd = -1;
static _Atomic int last_signal = 0;
static _Atomic pid_t owner = 0;

static void on_signal(int number) {
    int saved = errno;
    // A child between fork and exec has this handler and shares the eventfd; its TERM is not ours.
    if (getpid() == atomic_load(&owner)) {
        uint64_t one = 1;
        atomic_store(&last_signal, number);
        ssize_t ignored = write(atomic_load(&event_fd), &one, sizeof one);
        (void)ignored;
    }
    errno = saved;
}

int koomy_worker_termination_open(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    int result = atomic_load(&event_fd);
    if (result < 0) {
        result = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (result < 0) {
            result = -errno;
        } else {
            atomic_store(&owner, getpid());
            atomic_store(&event_fd, result);
            struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
            sigemptyset(&action.sa_mask);
            if (sigaction(SIGTERM, &action, NULL) < 0 || sigaction(SIGINT, &action, NULL) < 0) result = -errno;
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int koomy_worker_termination_signal(void) { return atomic_load(&last_signal); }
