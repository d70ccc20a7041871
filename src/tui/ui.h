/* The explorer without a terminal: takes keys, draws on a canvas. The terminal loop and the script player
 * both drive it. */
#ifndef MOESCOPE_TUI_UI_H
#define MOESCOPE_TUI_UI_H

#include <stdbool.h>

#include "catalog/catalog.h"
#include "session/session.h"
#include "tui/canvas.h"
#include "tui/key.h"
#include "validate/validation.h"

struct ui; /* opaque */

enum { UI_MIN_WIDTH = 80, UI_MIN_HEIGHT = 24 };

/* What the loop must do after a key. */
enum ui_result { UI_NOTHING, UI_REDRAW, UI_QUIT };

struct ui *ui_new(struct catalog *c, struct session *s);
void ui_free(struct ui *u); /* NULL is fine */

/* Keys that the user has bound otherwise; they must outlive the ui. */
struct tui_keys;
void ui_set_keys(struct ui *u, const struct tui_keys *keys);

/* How `v` measures. */
void ui_set_measure(struct ui *u, const struct validation_options *o);

/* What the loop waits for beside keys while something is measured: descriptors (fds[2]; returns how many), and milliseconds
 * until ui_poll must be called all the same, -1 when never. */
int ui_fds(const struct ui *u, int *fds);
int ui_wait_ms(const struct ui *u);
/* Takes what has come. True when the screen should be drawn. */
bool ui_poll(struct ui *u);
/* Plays records as if a helper had sent them; `end`: and then it ended. False when memory is short. */
bool ui_feed(struct ui *u, const char *records, size_t n, bool end);

/* How the screen is shown; `T` and `G` change it. */
struct look {
    enum theme_id theme;
    enum glyph_set glyphs, glyphs_most; /* most: what the locale can send */
    bool present; /* begin with large figures */
};
void ui_set_look(struct ui *u, const struct look *look); /* until then: dark, every glyph */

enum ui_result ui_key(struct ui *u, int key);

/* What the mouse did, on the screen as it was last drawn. */
enum mouse_kind { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_UP, MOUSE_DOWN }; /* up, down: the wheel */
struct mouse {
    int x, y;
    enum mouse_kind kind;
};
enum ui_result ui_mouse(struct ui *u, const struct mouse *m);

/* Composes the whole screen for the canvas's size; below the minimum it says need and have. No physics here:
 * what is shown was worked out when the scenario changed. */
void ui_draw(struct ui *u, struct canvas *c);

/* Whether the next key goes by what was drawn last: the cursor over figures walks over those that are shown. */
bool ui_goes_by_screen(const struct ui *u);

/* Views that take long to work out are answered by a worker. The descriptor is readable when it has an answer (-1: there
 * is no worker yet), ui_collect takes it: UI_REDRAW when that is seen. */
int ui_wake_fd(const struct ui *u);
enum ui_result ui_collect(struct ui *u);
/* From now on every frame waits for its answer: what a script shows must not depend on the machine's speed. */
void ui_be_patient(struct ui *u);

/* Words under the panes until the next ones ("" takes them away), and beside them what keys do now, or NULL. */
void ui_caption(struct ui *u, const char *text, const char *hint);
void ui_hint(struct ui *u, const char *hint); /* another hint beside the same words */

/* A message for the status line, shown until the next key. */
void ui_message(struct ui *u, const char *text, bool error);

#endif
