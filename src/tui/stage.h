/* What the terminal loop and the script player have in common: an explorer, its canvas, its journal. */
#ifndef MOESCOPE_TUI_STAGE_H
#define MOESCOPE_TUI_STAGE_H

#include "tui/tui_run.h"
#include "tui/ui.h"

struct stage {
    struct catalog *catalog;
    struct session *session;
    struct ui *ui;
    struct load_cache *cache; /* the journal's own memory of routing laws */
    struct canvas canvas;
    bool journal_failed;
    char journal_err[ERROR_LEN];
};

/* False when the options or the memory are not there, with err[ERROR_LEN]; stage_close it all the same. */
bool stage_open(struct stage *st, struct catalog *c, struct session *s, const struct tui_options *o, char *err);
/* Theme and glyphs of the options; `fallback` where they leave the glyphs to us, `most` the largest set that can be shown. */
void stage_look(struct stage *st, const struct tui_options *o, enum glyph_set most, enum glyph_set fallback);
void stage_close(struct stage *st);

/* Passes a key on and writes the journal; a disk that says no is a message on the screen, and tried again at each key. */
enum ui_result stage_key(struct stage *st, int key);
enum ui_result stage_mouse(struct stage *st, const struct mouse *m);

/* Composes the frame. */
void stage_draw(struct stage *st);

/* Ends well unless the journal lacks something: then false with err[ERROR_LEN]. */
bool stage_finish(struct stage *st, char *err);

#endif
