/* Cost against batch, both scenarios on one chart. */
#ifndef MOESCOPE_TUI_CURVE_H
#define MOESCOPE_TUI_CURVE_H

#include "explore/explore.h"
#include "session/session.h"
#include "tui/canvas.h"

enum { CURVE_POINTS = 13, CURVE_MIN_ROWS = 8 }; /* batch 1, 2, 4 ... 4096 */

struct curve {
    double cost[SLOT_COUNT][CURVE_POINTS]; /* $ per million output tokens; NAN where it does not run */
    int batch[SLOT_COUNT];                 /* of the scenarios themselves */
};

/* One point of a slot at each batch, everything else as in *d. */
void curve_make(const struct deployment *d, struct load_cache *cache, int slot, struct curve *out);
void curve_clear(int slot, struct curve *out);

/* Both axes logarithmic; the batch of each scenario is marked on its curve. */
void curve_draw(const struct curve *v, struct canvas *c, struct rect r);

#endif
