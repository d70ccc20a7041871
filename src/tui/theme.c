#include "tui/theme.h"

#include <stdlib.h>
#include <string.h>

/* Okabe-Ito in the 256-colour cube, nearest by Lab distance, and the status trio, which stays apart under
 * protan, deutan and tritan vision. Backgrounds are the terminal's own, so that light ones work; the yellow
 * of a warning, which would vanish on them, brings its own. */
enum {
    ORANGE = 214,
    SKY = 74,
    GREEN = 36,
    YELLOW = 227,
    BLUE = 32,
    VERMILLION = 166,
    PURPLE = 175,
    GREY = 244,
    BLACK = 16
};

/* With 8 colours no text is blue: unreadable on a dark background. */
enum { RED8 = 1, GREEN8 = 2, YELLOW8 = 3, BLUE8 = 4, MAGENTA8 = 5, CYAN8 = 6 };

static const struct theme_row {
    int fg256, bg256;
    int fg8;
    unsigned attrs; /* with colours */
    unsigned mono;  /* without */
} rows[ROLE_COUNT] = {
    [ROLE_TEXT] = {-1, -1, -1, 0, 0},
    [ROLE_DIM] = {GREY, -1, -1, 0, STYLE_DIM},
    [ROLE_TITLE] = {-1, -1, -1, STYLE_BOLD, STYLE_BOLD},
    [ROLE_HEADING] = {GREY, -1, -1, STYLE_BOLD, STYLE_BOLD},
    [ROLE_FRAME] = {GREY, -1, -1, 0, STYLE_DIM},
    [ROLE_FRAME_FOCUS] = {SKY, -1, CYAN8, STYLE_BOLD, STYLE_BOLD},
    [ROLE_LABEL] = {-1, -1, -1, 0, 0},
    [ROLE_VALUE] = {-1, -1, -1, STYLE_BOLD, STYLE_BOLD},
    [ROLE_UNIT] = {GREY, -1, -1, 0, STYLE_DIM},
    [ROLE_SELECTED] = {-1, -1, -1, STYLE_REVERSE, STYLE_REVERSE},
    [ROLE_ENTRY] = {BLACK, SKY, CYAN8, STYLE_BOLD, STYLE_REVERSE | STYLE_BOLD},
    [ROLE_CHANGED] = {PURPLE, -1, MAGENTA8, STYLE_BOLD, STYLE_BOLD | STYLE_UNDERLINE},
    [ROLE_SLOT_A] = {ORANGE, -1, YELLOW8, STYLE_BOLD, STYLE_BOLD},
    [ROLE_SLOT_B] = {SKY, -1, CYAN8, STYLE_BOLD, STYLE_UNDERLINE},
    [ROLE_BETTER] = {BLUE, -1, CYAN8, STYLE_BOLD, STYLE_BOLD},
    [ROLE_WARN] = {BLACK, YELLOW, YELLOW8, 0, STYLE_UNDERLINE},
    [ROLE_ERROR] = {VERMILLION, -1, RED8, STYLE_BOLD, STYLE_REVERSE},
    [ROLE_DENSE] = {BLUE, -1, BLUE8, 0, STYLE_BOLD},
    [ROLE_EXPERTS] = {ORANGE, -1, YELLOW8, 0, 0},
    [ROLE_KV] = {GREEN, -1, GREEN8, 0, STYLE_BOLD},
    [ROLE_WORK] = {PURPLE, -1, MAGENTA8, 0, 0},
    [ROLE_FREE] = {GREY, -1, -1, 0, STYLE_DIM},
    [ROLE_ATTENTION] = {SKY, -1, CYAN8, 0, STYLE_BOLD},
    [ROLE_FFN] = {BLUE, -1, BLUE8, 0, 0},
    [ROLE_COMM] = {VERMILLION, -1, RED8, 0, STYLE_BOLD},
    [ROLE_HEAD] = {PURPLE, -1, MAGENTA8, 0, 0},
    [ROLE_OTHER] = {GREY, -1, -1, 0, STYLE_DIM},
    [ROLE_KEY] = {-1, -1, -1, STYLE_BOLD, STYLE_BOLD},
    [ROLE_KEY_TEXT] = {GREY, -1, -1, 0, 0},
};

struct style theme_style(enum role role, int colors) {
    const struct theme_row *row = &rows[role];
    if (colors >= 256)
        return (struct style){row->fg256, row->bg256, row->attrs};
    if (colors < 8)
        return (struct style){-1, -1, row->mono};
    /* eight colours have no grey and no coloured ground for black: the attributes stand in for them */
    unsigned attrs = row->attrs;
    if (row->fg256 == GREY)
        attrs |= row->mono;
    if (row->bg256 >= 0)
        attrs |= STYLE_REVERSE;
    return (struct style){row->fg8, -1, attrs};
}

int theme_colors(const char *color, int available) {
    const char *no_color = getenv("NO_COLOR");
    if (strcmp(color, "never") == 0)
        return 0;
    if (strcmp(color, "always") != 0 && no_color && *no_color)
        return 0;
    return available;
}
