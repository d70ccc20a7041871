#include "catalog/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Edit distance: the fewest insertions, deletions and replacements of a letter (Levenshtein, one row at a
 * time). */
static size_t edit_distance(const char *a, const char *b) {
    const size_t n = strlen(b);
    size_t row[LONGEST + 1];

    if (n > LONGEST || strlen(a) > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j - 1], row[j]) + 1);
        }
    }
    return row[n];
}

void suggest_begin(struct suggestion *s, const char *typed) {
    s->typed = typed;
    s->best = NULL;
    s->distance = least(2, strlen(typed) / 3) + 1; /* what is farther away is no help */
}

void suggest_offer(struct suggestion *s, const char *name) {
    const size_t typed = strlen(s->typed);
    const bool begins = typed >= 2 && strncmp(name, s->typed, typed) == 0;
    size_t distance = edit_distance(s->typed, name);

    /* "a100" means "a100-80-sxm" rather than "a10": a whole part of the name is no slip, however long the
     * rest. */
    if (begins)
        distance = least(distance, name[typed] == '-' ? 0 : 2);
    if (distance < s->distance || (begins && !s->best)) {
        s->best = name;
        s->distance = distance;
    }
}
