#include "tui/stage.h"

#include <stdlib.h>
#include <string.h>

#include "tui/theme.h"

const char *const tui_glyph_sets[] = {"auto", "ascii", "block", "braille", "utf8", NULL};
const char *const tui_themes[] = {"auto", "dark", "light", "high-contrast", "mono", NULL};

static bool stage_is_one_of(const char *value, const char *const *allowed) {
    for (; *allowed; allowed++)
        if (strcmp(value, *allowed) == 0)
            return true;
    return false;
}

static bool stage_check_options(const struct tui_options *o, char *err) {
    static const char *const colors[] = {"auto", "never", "always", NULL};
    if (!stage_is_one_of(o->glyphs, tui_glyph_sets)) {
        snprintf(err, ERROR_LEN, "glyphs '%.60s' (allowed: auto, ascii, block, braille, utf8)", o->glyphs);
        return false;
    }
    if (!stage_is_one_of(o->color, colors)) {
        snprintf(err, ERROR_LEN, "color '%.60s' (allowed: auto, never, always)", o->color);
        return false;
    }
    if (o->theme && !stage_is_one_of(o->theme, tui_themes)) {
        snprintf(err, ERROR_LEN, "theme '%.60s' (allowed: auto, dark, light, high-contrast, mono)", o->theme);
        return false;
    }
    return true;
}

bool stage_open(struct stage *st, struct catalog *c, struct session *s, const struct tui_options *o,
                char *err) {
    *st = (struct stage){.catalog = c, .session = s};
    if (!stage_check_options(o, err))
        return false;
    st->cache = calloc(1, sizeof *st->cache);
    st->ui = ui_new(c, s);
    if (!st->cache || !st->ui) {
        snprintf(err, ERROR_LEN, "out of memory");
        return false;
    }
    ui_set_keys(st->ui, o->keys);
    ui_set_measure(st->ui, &o->measure);
    stage_look(st, o, GLYPHS_UTF8, GLYPHS_UTF8);
    return true;
}

void stage_look(struct stage *st, const struct tui_options *o, enum glyph_set most, enum glyph_set fallback) {
    struct look look = {theme_find(o->theme ? o->theme : "auto"), fallback, most, o->present};
    if (strcmp(o->glyphs, "ascii") == 0)
        look.glyphs = GLYPHS_ASCII;
    else if (strcmp(o->glyphs, "block") == 0)
        look.glyphs = GLYPHS_BLOCK;
    else if (strcmp(o->glyphs, "auto") != 0)
        look.glyphs = GLYPHS_UTF8;
    ui_set_look(st->ui, &look);
}

void stage_close(struct stage *st) {
    ui_free(st->ui);
    free(st->cache);
    canvas_free(&st->canvas);
}

/* The journal follows every event. */
static enum ui_result stage_follow(struct stage *st, enum ui_result result) {
    st->journal_failed = !session_journal_flush(st->session, st->catalog, st->cache, st->journal_err);
    if (!st->journal_failed)
        return result;
    ui_message(st->ui, st->journal_err, true);
    return result == UI_NOTHING ? UI_REDRAW : result;
}

enum ui_result stage_key(struct stage *st, int key) {
    return stage_follow(st, ui_key(st->ui, key));
}

enum ui_result stage_mouse(struct stage *st, const struct mouse *m) {
    return stage_follow(st, ui_mouse(st->ui, m));
}

void stage_draw(struct stage *st) {
    canvas_clear(&st->canvas);
    ui_draw(st->ui, &st->canvas);
}

bool stage_finish(struct stage *st, char *err) {
    if (st->journal_failed)
        snprintf(err, ERROR_LEN, "%s", st->journal_err);
    return !st->journal_failed;
}
