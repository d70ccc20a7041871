/* For a room: one figure at a time, drawn large, A above B; few words. */
#ifndef MOESCOPE_TUI_PRESENT_H
#define MOESCOPE_TUI_PRESENT_H

#include "core/estimate.h"
#include "tui/canvas.h"

struct ui;

enum { PRESENT_PAGES = 5 };

void present_draw(struct ui *u, struct canvas *c);
/* The figure of the page, and its title. */
enum estimate_field_id present_figure(const struct ui *u, const char **title);
/* Pages on; around the ends. */
void present_turn(struct ui *u, int step);

/* Draws text of digits, '.', '-', 'k', 'M', 'G', '%', 'A' and 'B', each pixel of its 3 x 5 glyphs `scale` cells wide and
 * `scale` half rows high; other characters are a gap. Returns the cells used; with c NULL nothing is drawn. */
int present_digits(struct canvas *c, int x, int y, int scale, const char *text, enum role role);

#endif
