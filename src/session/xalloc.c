#include "session/xalloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *checked(void *p) {
    if (!p) {
        fputs("moescope: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xcalloc(size_t count, size_t size) {
    return checked(count && size ? calloc(count, size) : NULL);
}

void *xgrow(void *array, size_t used, size_t *room, size_t size) {
    if (used < *room)
        return array;
    size_t next = *room ? 2 * *room : 16;
    *room = next;
    return checked(size && next <= SIZE_MAX / size ? realloc(array, next * size) : NULL);
}
