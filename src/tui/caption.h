/* Captions: words under the panes. Figures stand in braces and are put in when the caption is drawn, so that they are those of
 * the screen: {tpot_ms} or {batch} of the scenario under edit, {A.tpot_ms}, {B.batch}; {A.coverage%}
 * for a share as a percentage; and {verdict}, the line on top. */
#ifndef MOESCOPE_TUI_CAPTION_H
#define MOESCOPE_TUI_CAPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/estimate.h"
#include "core/scenario.h"

enum { CAPTION_FIELD = 64 };

/* What stands between braces. */
struct caption_name {
    int slot;                             /* -1: the one under edit */
    bool percent;                         /* a share of 1 */
    bool verdict;                         /* or one of: */
    const struct field *field;            /* of the scenario */
    const struct estimate_field *figure;
};
bool caption_read_name(const char *text, size_t length, struct caption_name *out);

/* Whether every name in braces is known; else the first that is not, in field[CAPTION_FIELD]. */
bool caption_check(const char *text, char *field);

#endif
