#include "tui/theme.h"

#include <stdlib.h>
#include <string.h>

const char *const theme_names[THEME_COUNT] = {
    [THEME_DARK] = "dark",
    [THEME_LIGHT] = "light",
    [THEME_CONTRAST] = "high-contrast",
    [THEME_MONO] = "mono",
};

/* The dark theme is Okabe-Ito in the 256-colour cube, nearest by Lab distance; the status trio better, warning, error stays
 * apart under protan, deutan and tritan vision. The light one has the same hues, dark enough for paper. Both leave the
 * ground to the terminal but for a warning and an entry, which bring their own. */
enum hue {
    TEXT, GREY, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE,
    BETTER, ALARM, CHANGE, /* text needs more contrast than bars do, and few colours have it */
    GROUND, INK, /* of a warning */ ENTRY_INK,
    HUES
};

/* Numbers among 256, 16 and 8 colours; -1 is the terminal's default, where few colours have none that can be read. */
struct shade {
    short of256, of16, of8;
};

static const struct shade plain = {-1, -1, -1};

/* clang-format off */
static const struct shade shades[THEME_COUNT][HUES] = {
    [THEME_DARK] = {
        [TEXT] = {-1, -1, -1}, [GREY] = {244, 8, -1}, [ORANGE] = {214, 11, 3}, [SKY] = {74, 14, 6},
        [GREEN] = {36, 10, 2}, [YELLOW] = {227, 11, 3}, [BLUE] = {32, 12, -1}, [VERMILLION] = {166, 9, 1},
        [PURPLE] = {175, 13, 5}, [BETTER] = {32, 14, 6}, [ALARM] = {166, 9, -1}, [CHANGE] = {175, 13, 2},
        [GROUND] = {-1, -1, -1}, [INK] = {16, 0, 0}, [ENTRY_INK] = {16, 0, 0}},
    [THEME_LIGHT] = {
        [TEXT] = {-1, -1, -1}, [GREY] = {242, 8, -1}, [ORANGE] = {130, 1, 1}, [SKY] = {25, 4, 4},
        [GREEN] = {30, -1, -1}, [YELLOW] = {220, 11, 3}, [BLUE] = {24, 4, 4}, [VERMILLION] = {160, 1, 1},
        [PURPLE] = {90, 5, 5}, [BETTER] = {25, 4, 4}, [ALARM] = {160, 1, 1}, [CHANGE] = {90, 5, 5},
        [GROUND] = {-1, -1, -1}, [INK] = {16, 0, 0}, [ENTRY_INK] = {231, 15, 7}},
    [THEME_CONTRAST] = { /* seven to one at least, on a ground of its own */
        [TEXT] = {231, 15, 7}, [GREY] = {252, 7, 7}, [ORANGE] = {214, 11, 3}, [SKY] = {117, 14, 6},
        [GREEN] = {48, 10, 2}, [YELLOW] = {227, 11, 3}, [BLUE] = {75, 15, 7}, [VERMILLION] = {209, 11, 3},
        [PURPLE] = {219, 15, 7}, [BETTER] = {117, 14, 6}, [ALARM] = {209, 11, 3}, [CHANGE] = {219, 15, 7},
        [GROUND] = {16, 0, 0}, [INK] = {16, 0, 0}, [ENTRY_INK] = {16, 0, 0}},
    [THEME_MONO] = {
        [TEXT] = {-1, -1, -1}, [GREY] = {-1, -1, -1}, [ORANGE] = {-1, -1, -1}, [SKY] = {-1, -1, -1},
        [GREEN] = {-1, -1, -1}, [YELLOW] = {-1, -1, -1}, [BLUE] = {-1, -1, -1}, [VERMILLION] = {-1, -1, -1},
        [PURPLE] = {-1, -1, -1}, [BETTER] = {-1, -1, -1}, [ALARM] = {-1, -1, -1}, [CHANGE] = {-1, -1, -1},
        [GROUND] = {-1, -1, -1}, [INK] = {-1, -1, -1}, [ENTRY_INK] = {-1, -1, -1}},
};

static const struct {
    int fg256, bg256;
} papers[THEME_COUNT] = {
    [THEME_DARK] = {252, 233}, [THEME_LIGHT] = {16, 231}, [THEME_CONTRAST] = {231, 16}, [THEME_MONO] = {16, 231}};
/* clang-format on */

static const struct theme_row {
    enum hue fg, bg;
    unsigned attrs; /* with colours */
    unsigned mono;  /* besides them, without */
} rows[ROLE_COUNT] = {
    [ROLE_TEXT] = {TEXT, GROUND, 0, 0},
    [ROLE_DIM] = {GREY, GROUND, 0, STYLE_DIM},
    [ROLE_TITLE] = {TEXT, GROUND, STYLE_BOLD, 0},
    [ROLE_HEADING] = {GREY, GROUND, STYLE_BOLD, 0},
    [ROLE_FRAME] = {GREY, GROUND, 0, STYLE_DIM},
    [ROLE_FRAME_FOCUS] = {SKY, GROUND, STYLE_BOLD, 0},
    [ROLE_LABEL] = {TEXT, GROUND, 0, 0},
    [ROLE_VALUE] = {TEXT, GROUND, STYLE_BOLD, 0},
    [ROLE_UNIT] = {GREY, GROUND, 0, STYLE_DIM},
    [ROLE_SELECTED] = {TEXT, GROUND, STYLE_REVERSE, 0},
    [ROLE_ENTRY] = {ENTRY_INK, SKY, 0, STYLE_REVERSE | STYLE_BOLD},
    [ROLE_CHANGED] = {CHANGE, GROUND, STYLE_BOLD, STYLE_UNDERLINE},
    [ROLE_SLOT_A] = {ORANGE, GROUND, STYLE_BOLD, 0},
    [ROLE_SLOT_B] = {SKY, GROUND, STYLE_BOLD, STYLE_UNDERLINE},
    [ROLE_BETTER] = {BETTER, GROUND, STYLE_BOLD, 0},
    [ROLE_WARN] = {INK, YELLOW, 0, STYLE_UNDERLINE},
    [ROLE_ERROR] = {ALARM, GROUND, STYLE_BOLD, STYLE_REVERSE},
    [ROLE_DENSE] = {BLUE, GROUND, 0, STYLE_BOLD},
    [ROLE_EXPERTS] = {ORANGE, GROUND, 0, 0},
    [ROLE_KV] = {GREEN, GROUND, 0, STYLE_BOLD},
    [ROLE_WORK] = {PURPLE, GROUND, 0, 0},
    [ROLE_FREE] = {GREY, GROUND, 0, STYLE_DIM},
    [ROLE_ATTENTION] = {SKY, GROUND, 0, STYLE_BOLD},
    [ROLE_FFN] = {BLUE, GROUND, 0, 0},
    [ROLE_COMM] = {VERMILLION, GROUND, 0, STYLE_BOLD},
    [ROLE_HEAD] = {PURPLE, GROUND, 0, 0},
    [ROLE_OTHER] = {GREY, GROUND, 0, STYLE_DIM},
    [ROLE_KEY] = {TEXT, GROUND, STYLE_BOLD, 0},
    [ROLE_KEY_TEXT] = {GREY, GROUND, 0, 0},
};

static int pick(struct shade shade, int colors) {
    return colors >= 256 ? shade.of256 : colors >= 16 ? shade.of16 : shade.of8;
}

struct style theme_style(enum theme_id theme, enum role role, int colors) {
    const struct theme_row *row = &rows[role];
    struct shade fg = colors >= 8 ? shades[theme][row->fg] : plain, bg = colors >= 8 ? shades[theme][row->bg] : plain;
    struct style style = {pick(fg, colors), pick(bg, colors), row->attrs};
    /* where the theme has no colour for it here, the attributes stand in */
    if (row->fg != TEXT && style.fg < 0)
        style.attrs |= row->mono;
    return style;
}

struct style theme_paper(enum theme_id theme) {
    return (struct style){papers[theme].fg256, papers[theme].bg256, 0};
}

unsigned theme_rgb(int i) {
    static const unsigned first[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
                                       0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const unsigned level[6] = {0, 95, 135, 175, 215, 255}; /* of the cube of 6 x 6 x 6 */
    if (i < 16)
        return first[i];
    if (i >= 232)
        return (8U + 10U * (unsigned)(i - 232)) * 0x010101U;
    i -= 16;
    return level[i / 36] << 16 | level[i / 6 % 6] << 8 | level[i % 6];
}

/* "15;0", "0;default;15": the last number is the ground's, 7 and 15 are white. */
static bool ground_is_light(void) {
    const char *said = getenv("COLORFGBG"), *last = said ? strrchr(said, ';') : NULL;
    return last && (strcmp(last, ";7") == 0 || strcmp(last, ";15") == 0);
}

enum theme_id theme_find(const char *name) {
    int i = 0;
    if (strcmp(name, "auto") == 0)
        return ground_is_light() ? THEME_LIGHT : THEME_DARK;
    while (i < THEME_COUNT && strcmp(theme_names[i], name) != 0)
        i++;
    return (enum theme_id)i;
}

int theme_colors(const char *color, int available) {
    const char *no_color = getenv("NO_COLOR");
    if (strcmp(color, "never") == 0)
        return 0;
    if (strcmp(color, "always") != 0 && no_color && *no_color)
        return 0;
    return available;
}
