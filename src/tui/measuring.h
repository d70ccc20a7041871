/* The validation inside the explorer: `v` measures here what the panes claim, and lays the result over their constants. */
#ifndef MOESCOPE_TUI_MEASURING_H
#define MOESCOPE_TUI_MEASURING_H

#include <stdbool.h>
#include <stddef.h>

#include "validate/validation.h"

struct ui;

void measuring_start(struct ui *u);  /* for the scenario under edit; while one runs, shows it */
void measuring_cancel(struct ui *u);
void measuring_compare(struct ui *u); /* the panes with the constants measured here, or without */

/* What the status line says while it runs; false when nothing runs. */
bool measuring_status(const struct ui *u, char *buf, size_t size);

#endif
