/* A thread that works one job at a time, so that a question of many estimates holds up no key. A job is memory of the
 * caller's; nobody else touches it until the worker is done with it or has been stopped. */
#ifndef MOESCOPE_EXPLORE_WORKER_H
#define MOESCOPE_EXPLORE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>

/* Works on a job; returns early, whatever state the job is in then, once *stop is set. */
typedef void work_fn(void *job, const atomic_bool *stop);

struct worker; /* opaque */

/* NULL when memory, threads or descriptors are short. The thread takes no signals. */
struct worker *worker_new(void);
void worker_free(struct worker *w); /* stops it first; NULL is fine */

/* Begins a job; one that is running is stopped before. Without a worker (NULL) the job is done at once. */
void worker_start(struct worker *w, work_fn *work, void *job);

/* Gives up what is running, if anything: a matter of one estimate. */
void worker_stop(struct worker *w);

/* Waits until the worker has nothing to do, at most `ms` (-1: as long as it takes). Whether it has. */
bool worker_wait(struct worker *w, int ms);

/* A descriptor that is readable once a job is done, until worker_clear; -1 without a worker. */
int worker_fd(const struct worker *w);
void worker_clear(struct worker *w);

#endif
