/* Memory that is either there or the program ends: what a session holds is small, and half a history helps
 * nobody. */
#ifndef MOESCOPE_SESSION_XALLOC_H
#define MOESCOPE_SESSION_XALLOC_H

#include <stddef.h>

/* `count` elements of `size` bytes, zeroed. Aborts with a message when memory is short; zero bytes are a
 * mistake. */
void *xcalloc(size_t count, size_t size);

/* A growable array: room for one more element than `used`. Doubles *room when it is full and returns the
 * (moved) array. */
void *xgrow(void *array, size_t used, size_t *room, size_t size);

#endif
