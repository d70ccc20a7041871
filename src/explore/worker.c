#include "explore/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    work_fn *work; /* what is to be done or being done; NULL: nothing */
    void *job;
    bool ending;
    atomic_bool stop;
    int wake[2]; /* a pipe: a byte for each job that is done */
};

static void *worker_loop(void *user) {
    struct worker *w = user;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->work && !w->ending)
            pthread_cond_wait(&w->begin, &w->lock);
        if (w->ending)
            break;
        pthread_mutex_unlock(&w->lock);
        w->work(w->job, &w->stop);
        pthread_mutex_lock(&w->lock);
        w->work = NULL;
        if (!atomic_load(&w->stop) && write(w->wake[1], "", 1) < 0)
            errno = 0; /* the pipe is full: it is readable all the same */
        pthread_cond_broadcast(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static bool worker_open_pipe(struct worker *w) {
    if (pipe(w->wake) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(w->wake[i], F_SETFL, O_NONBLOCK);
        fcntl(w->wake[i], F_SETFD, FD_CLOEXEC);
    }
    return true;
}

/* Signals are the main thread's: it waits for them at one place. */
static bool worker_start_thread(struct worker *w) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&w->thread, NULL, worker_loop, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0;
}

struct worker *worker_new(void) {
    pthread_condattr_t monotonic;
    struct worker *w = calloc(1, sizeof *w);
    if (!w || !worker_open_pipe(w)) {
        free(w);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->begin, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (worker_start_thread(w))
        return w;
    close(w->wake[0]);
    close(w->wake[1]);
    free(w);
    return NULL;
}

void worker_free(struct worker *w) {
    if (!w)
        return;
    worker_stop(w);
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_signal(&w->begin);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->begin);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    close(w->wake[0]);
    close(w->wake[1]);
    free(w);
}

void worker_start(struct worker *w, work_fn *work, void *job) {
    static const atomic_bool never = false;
    if (!w) {
        work(job, &never);
        return;
    }
    worker_stop(w);
    pthread_mutex_lock(&w->lock);
    atomic_store(&w->stop, false);
    w->work = work;
    w->job = job;
    pthread_cond_signal(&w->begin);
    pthread_mutex_unlock(&w->lock);
}

void worker_stop(struct worker *w) {
    if (!w)
        return;
    atomic_store(&w->stop, true);
    worker_wait(w, -1);
    worker_clear(w);
}

bool worker_wait(struct worker *w, int ms) {
    struct timespec until;
    if (!w)
        return true;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->lock);
    int error = 0;
    while (w->work && error == 0)
        error = ms < 0 ? pthread_cond_wait(&w->done, &w->lock) : pthread_cond_timedwait(&w->done, &w->lock, &until);
    bool idle = !w->work;
    pthread_mutex_unlock(&w->lock);
    return idle;
}

int worker_fd(const struct worker *w) {
    return w ? w->wake[0] : -1;
}

void worker_clear(struct worker *w) {
    char bytes[16];
    while (w && read(w->wake[0], bytes, sizeof bytes) > 0)
        continue;
}
