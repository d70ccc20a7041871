/* Roles to colours and attributes: the only place that knows colours. */
#ifndef MOESCOPE_TUI_THEME_H
#define MOESCOPE_TUI_THEME_H

#include <stdbool.h>

#include "tui/canvas.h"

enum style_attr { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_UNDERLINE = 4, STYLE_REVERSE = 8 };

struct style {
    int fg, bg; /* colour numbers of the terminal; -1: its default */
    unsigned attrs; /* a set of enum style_attr */
};

/* The style of a role on a terminal with this many colours (0: attributes only). */
struct style theme_style(enum role role, int colors);

/* Colours to use of the `available` ones: "never" none, "always" all, "auto" none when NO_COLOR is set and not empty. */
int theme_colors(const char *color, int available);

#endif
