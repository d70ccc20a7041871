#include "cuda/cpu_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <sched.h>

#include "cuda/stop.h"

enum { SPINS = 3000, THREADS_MAX = 1024 }; /* spins: tens of microseconds, what a sleeper's wake-up costs */

struct share { /* a cache line of its own */
    _Alignas(64) atomic_size_t next;
    size_t end;
};

struct cpu_pool {
    int threads, started;
    pthread_t *thread;
    struct share *share;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint round;   /* counts up; a new value is a new set of tasks */
    atomic_int busy;     /* threads that have not finished this round */
    atomic_int sleepers; /* workers that need `wake`; the lock is taken for those only, or every round would
                            contend for it */
    atomic_bool waiting; /* the caller needs `done` */
    atomic_bool ending, stopped;
    cpu_task *task;
    void *context;
};

struct worker {
    struct cpu_pool *pool;
    int index;
};

/* Between two looks at what another thread does. Where both were put on one processor the other needs it
 * first. */
static inline void relax(int spin) {
    if (spin % 64 == 63)
        sched_yield();
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#endif
}

static void pool_work(struct cpu_pool *p, int index) {
    for (int i = 0; i < p->threads; i++) {
        struct share *s = &p->share[(index + i) % p->threads];
        size_t at;
        while ((at = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed)) < s->end) {
            if (stop_now()) {
                atomic_store(&p->stopped, true);
                return;
            }
            p->task(p->context, at);
        }
    }
}

static unsigned pool_await(struct cpu_pool *p, unsigned seen) {
    for (int i = 0; i < SPINS; i++, relax(i))
        if (atomic_load_explicit(&p->round, memory_order_acquire) != seen)
            return atomic_load(&p->round);
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1); /* before the look at `round`, as pool_round looks after changing it */
    while (atomic_load(&p->round) == seen)
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
    return atomic_load(&p->round);
}

static void *pool_thread(void *argument) {
    struct worker w = *(struct worker *)argument;
    unsigned seen = 0;
    free(argument);
    for (;;) {
        seen = pool_await(w.pool, seen);
        if (atomic_load(&w.pool->ending))
            return NULL;
        pool_work(w.pool, w.index);
        if (atomic_fetch_sub(&w.pool->busy, 1) == 1 && atomic_load(&w.pool->waiting)) {
            pthread_mutex_lock(&w.pool->lock);
            pthread_cond_signal(&w.pool->done);
            pthread_mutex_unlock(&w.pool->lock);
        }
    }
}

static void pool_round(struct cpu_pool *p) {
    atomic_fetch_add(&p->round, 1);
    if (!atomic_load(&p->sleepers))
        return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

/* Where memory has several nodes a thread that wanders loses its data's nearness; on one node the scheduler
 * knows better than a fixed place, above all beside other load. */
static void pool_pin(pthread_t thread, int index) {
    cpu_set_t allowed, one;
    if (access("/sys/devices/system/node/node1", F_OK) != 0 ||
        sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    int left = index % CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && left-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            pthread_setaffinity_np(thread, sizeof one, &one);
        }
}

static bool pool_start(struct cpu_pool *p, int index) {
    struct worker *w = malloc(sizeof *w);
    if (!w)
        return false;
    *w = (struct worker){p, index};
    if (pthread_create(&p->thread[index], NULL, pool_thread, w) != 0) {
        free(w);
        return false;
    }
    pool_pin(p->thread[index], index);
    return true;
}

struct cpu_pool *cpu_pool_open(int threads) {
    struct cpu_pool *p = calloc(1, sizeof *p);
    if (!p || threads < 1 || threads > THREADS_MAX) {
        free(p);
        return NULL;
    }
    p->threads = threads;
    p->thread = calloc((size_t)threads, sizeof *p->thread);
    p->share = aligned_alloc(64, (size_t)threads * sizeof *p->share);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    bool good = p->thread && p->share;
    for (p->started = 1; good && p->started < threads; p->started++)
        if (!(good = pool_start(p, p->started)))
            break;
    if (good)
        return p;
    cpu_pool_close(p);
    return NULL;
}

void cpu_pool_close(struct cpu_pool *p) {
    if (!p)
        return;
    atomic_store(&p->ending, true);
    pool_round(p);
    for (int i = 1; i < p->started && p->thread; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->share);
    free(p->thread);
    free(p);
}

int cpu_pool_threads(const struct cpu_pool *p) {
    return p->threads;
}

static void pool_wait(struct cpu_pool *p) {
    for (int i = 0; i < SPINS; i++, relax(i))
        if (atomic_load_explicit(&p->busy, memory_order_acquire) == 0)
            return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->waiting, true);
    while (atomic_load(&p->busy) != 0)
        pthread_cond_wait(&p->done, &p->lock);
    atomic_store(&p->waiting, false);
    pthread_mutex_unlock(&p->lock);
}

bool cpu_pool_run(struct cpu_pool *p, size_t n, cpu_task *task, void *context) {
    size_t threads = (size_t)p->threads;
    for (size_t i = 0; i < threads; i++) {
        atomic_store_explicit(&p->share[i].next, n * i / threads, memory_order_relaxed);
        p->share[i].end = n * (i + 1) / threads;
    }
    p->task = task;
    p->context = context;
    atomic_store(&p->stopped, false);
    atomic_store(&p->busy, p->threads - 1);
    if (threads > 1)
        pool_round(p);
    pool_work(p, 0);
    if (threads > 1)
        pool_wait(p);
    return !atomic_load(&p->stopped);
}
