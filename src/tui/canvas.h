/* The screen as cells: a glyph and a role each. Panes draw here; curses, plain text and ANSI are made from it, so scripted
 * screens need no terminal. Coordinates are columns and rows from 0; drawing outside the clip rectangle does nothing. */
#ifndef MOESCOPE_TUI_CANVAS_H
#define MOESCOPE_TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a cell means. Themes map roles to colours and attributes; nothing names a colour elsewhere. */
enum role {
    ROLE_TEXT, ROLE_DIM, ROLE_TITLE, ROLE_HEADING, ROLE_FRAME, ROLE_FRAME_FOCUS,
    ROLE_LABEL, ROLE_VALUE, ROLE_UNIT, ROLE_SELECTED, ROLE_ENTRY, ROLE_CHANGED,
    ROLE_SLOT_A, ROLE_SLOT_B, ROLE_BETTER, ROLE_WARN, ROLE_ERROR,
    ROLE_DENSE, ROLE_EXPERTS, ROLE_KV, ROLE_WORK, ROLE_FREE, /* memory bar */
    ROLE_ATTENTION, ROLE_FFN, ROLE_COMM, ROLE_HEAD, ROLE_OTHER, /* step bar; experts share ROLE_EXPERTS */
    ROLE_KEY, ROLE_KEY_TEXT,
    ROLE_COUNT
};

struct rect {
    int x, y, w, h;
};

struct cell {
    uint32_t glyph; /* one Unicode character of width 1 */
    uint8_t role;
};

/* Which glyphs the output can show. Block: all but braille, which the fonts of some terminals lack. */
enum glyph_set { GLYPHS_ASCII, GLYPHS_BLOCK, GLYPHS_UTF8, GLYPHS_COUNT };

enum theme_id { THEME_DARK, THEME_LIGHT, THEME_CONTRAST, THEME_MONO, THEME_COUNT };

struct canvas {
    int w, h;
    struct cell *cell; /* h rows of w */
    struct rect clip;
    int cursor_x, cursor_y; /* where the hardware cursor rests: the focus */
    enum glyph_set glyphs;
    enum theme_id theme; /* in which it is shown and written */
};

bool canvas_resize(struct canvas *c, int w, int h); /* clears; false when memory is short */
void canvas_free(struct canvas *c);
void canvas_clear(struct canvas *c); /* blanks every cell, takes the clip away, cursor to 0,0 */
void canvas_clip(struct canvas *c, struct rect r); /* r cut to the canvas; {0,0,w,h} takes the clip away */

/* Glyphs that the set lacks are replaced here, by the tables in glyph.c, so panes may draw what they like. Special blanks
 * (thin, no-break) become a space; controls and wide characters, which would break the grid, a replacement. */
void canvas_put(struct canvas *c, int x, int y, uint32_t glyph, enum role role);
/* UTF-8 text, at most `width` cells (cut with an ellipsis if it is longer). Returns the cells used. */
int canvas_text(struct canvas *c, int x, int y, int width, const char *utf8, enum role role);
/* The same, right-aligned in `width`. */
void canvas_text_right(struct canvas *c, int x, int y, int width, const char *utf8, enum role role);
void canvas_fill(struct canvas *c, struct rect r, uint32_t glyph, enum role role);
/* Frame with a title in its upper edge; the focus has a mark before the title besides its role. */
void canvas_frame(struct canvas *c, struct rect r, const char *title, bool focus);

/* Cells that a UTF-8 text takes. */
int text_width(const char *utf8);

/* The screen as text: one line a row, trailing blanks cut. With `roles`, a second block follows in which each cell is the
 * letter of its role, so that a test sees colour too. */
extern const char role_letters[ROLE_COUNT + 1];
void canvas_write_text(const struct canvas *c, FILE *out, bool roles);
/* The same with colours: SGR sequences for 256 colours, the default background. */
void canvas_write_ansi(const struct canvas *c, FILE *out);
/* The same as a picture with the theme's colours on its own ground; one file, no other needed. */
void canvas_write_svg(const struct canvas *c, FILE *out);

#endif
