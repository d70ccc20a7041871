/* Who wins, in words made from the numbers. */
#ifndef MOESCOPE_TUI_VERDICT_H
#define MOESCOPE_TUI_VERDICT_H

#include "explore/explore.h"
#include "session/session.h"

enum { VERDICT_LEN = 256 };

struct verdict {
    char line[2][VERDICT_LEN]; /* at 100 columns and more */
    char brief[VERDICT_LEN];   /* at 80 */
};

/* `flips`: who is cheaper per output token at which batch, up to max_batch. `mend`: the move that makes the
 * infeasible scenario possible, or NULL. */
void verdict_make(const struct estimate e[SLOT_COUNT], const struct crossover *flips, int max_batch,
                  const char *mend, struct verdict *v);

#endif
