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

/* As `--theme` takes them, in the order of enum theme_id. */
extern const char *const theme_names[THEME_COUNT];

/* The style of a role on a terminal with this many colours: 256, 16, 8, or fewer for attributes only. */
struct style theme_style(enum theme_id theme, enum role role, int colors);

/* The ground that a theme is made for and the text on it, as numbers of the 256 colours: what stands for the terminal's
 * defaults in a picture, and in the test of contrasts. */
struct style theme_paper(enum theme_id theme);

/* Colour i of the 256 as xterm has it, red << 16 | green << 8 | blue. */
unsigned theme_rgb(int i);

/* The theme of this name; "auto" takes the light one where COLORFGBG says that the ground is light, else the dark one.
 * THEME_COUNT if there is none. */
enum theme_id theme_find(const char *name);

/* Colours to use of the `available` ones: "never" none, "always" all, "auto" none when NO_COLOR is set and not empty. */
int theme_colors(const char *color, int available);

#endif
