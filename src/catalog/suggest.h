/* "Did you mean": the known name nearest to one that is not known. */
#ifndef MOESCOPE_CATALOG_SUGGEST_H
#define MOESCOPE_CATALOG_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *typed;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
};

void suggest_begin(struct suggestion *s, const char *typed);
void suggest_offer(struct suggestion *s, const char *name);

#endif
