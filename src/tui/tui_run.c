/* The explorer at a terminal. */
#include "tui/tui_run.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/screen.h"
#include "tui/stage.h"
#include "tui/tour.h"

enum {
    KEYS_PER_FRAME = 64
}; /* keys that come faster than frames share one, but a held key must be seen to move */

enum { WAKE_MS = 100 };

static bool tui_locale_is_utf8(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The fonts of the Linux console hold 512 glyphs at most, and no braille. */
static bool tui_has_braille(void) {
    const char *term = getenv("TERM");
    return !term || strncmp(term, "linux", 5) != 0;
}

/* The glyphs follow the codeset, never the text of LANG. Who asks for UTF-8 in another locale knows the
 * terminal better than the locale does, and curses needs the codeset to send it. */
static bool tui_choose_glyphs(const struct tui_options *o, struct stage *st, char *err) {
    setlocale(LC_CTYPE, "");
    bool utf8 = tui_locale_is_utf8(), asked = strcmp(o->glyphs, "auto") != 0 && strcmp(o->glyphs, "ascii") != 0;
    if (asked && !utf8 && !setlocale(LC_CTYPE, "C.UTF-8")) {
        snprintf(err, ERROR_LEN, "glyphs %s: this machine has no UTF-8 locale (allowed here: auto, ascii)", o->glyphs);
        return false;
    }
    enum glyph_set most = utf8 || asked ? GLYPHS_UTF8 : GLYPHS_ASCII;
    stage_look(st, o, most, most == GLYPHS_UTF8 && !tui_has_braille() ? GLYPHS_BLOCK : most);
    return true;
}

static bool tui_frame(struct stage *st) {
    int w, h;
    screen_size(&w, &h);
    if ((w != st->canvas.w || h != st->canvas.h) && !canvas_resize(&st->canvas, w, h))
        return false;
    stage_draw(st);
    screen_show(&st->canvas);
    return true;
}

/* Milliseconds of the monotonic clock. */
static long tui_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What to wait for beside keys: nothing when nothing is measured; else the helper, but for a tenth of a second after each frame
 * that it has caused, so that it draws ten in a second at most; and a tour for its next step. */
static void tui_watch(const struct stage *st, long last, int tour_ms) {
    int fds[3], n = ui_fds(st->ui, fds), wait = ui_wait_ms(st->ui), rest = (int)(last + WAKE_MS - tui_now());
    if (wait >= 0 && rest > 0) {
        n = 0;
        wait = rest;
    }
    if (tour_ms >= 0 && (wait < 0 || tour_ms < wait))
        wait = tour_ms;
    fds[n++] = ui_wake_fd(st->ui);
    screen_watch(fds, n, wait);
}

/* One event; false when it was the last. */
static bool tui_event(struct stage *st, struct tour *tour, enum screen_event event, int key, bool *draw) {
    if (event == SCREEN_GONE)
        return false;
    if (event == SCREEN_RESIZE) {
        *draw = true;
        return true;
    }
    if (event == SCREEN_KEY && key == KEYCODE_CTRL_L) {
        screen_repaint();
        *draw = true;
        return true;
    }
    if (tour && tour_key(tour, st, key)) {
        *draw = true;
        return true;
    }
    struct mouse mouse = screen_mouse();
    enum ui_result result = event == SCREEN_MOUSE ? stage_mouse(st, &mouse) : stage_key(st, key);
    *draw |= result == UI_REDRAW;
    return result != UI_QUIT;
}

/* Reads on while keys are waiting, then draws once, then sleeps until the next key. */
static bool tui_loop(struct stage *st, struct tour *tour, char *err) {
    bool draw = true;
    long last = tui_now() - WAKE_MS;
    for (int keys = 0;;) {
        int key = KEYCODE_NONE;
        const int tour_ms = tour ? tour_wait_ms(tour) : -1;
        tui_watch(st, last, tour_ms);
        enum screen_event event = keys < KEYS_PER_FRAME ? screen_read(&key, !draw && tour_ms != 0) : SCREEN_NONE;
        if (event == SCREEN_WAKE) {
            draw |= ui_poll(st->ui);
            draw |= ui_collect(st->ui) == UI_REDRAW;
            last = tui_now();
            continue;
        }
        if (event != SCREEN_NONE) {
            if (!tui_event(st, tour, event, key, &draw))
                return true;
            keys += draw;
            continue;
        }
        if (!draw && tour && tour_wait_ms(tour) == 0) {
            if (tour_step(tour, st) == UI_QUIT)
                return true;
            draw = true;
            continue;
        }
        if (!tui_frame(st)) {
            snprintf(err, ERROR_LEN, "out of memory for a larger screen");
            return false;
        }
        draw = false;
        keys = 0;
    }
}

static bool tui_explore(struct catalog *c, struct session *s, const struct tui_options *o, struct tour *tour, char *err) {
    struct stage st;
    bool ok = stage_open(&st, c, s, o, err) && tui_choose_glyphs(o, &st, err) && screen_open(o->color, o->mouse, err);
    if (ok) {
        ok = tui_loop(&st, tour, err) && stage_finish(&st, err);
        screen_close();
    }
    stage_close(&st);
    return ok;
}

bool tui_run(struct catalog *c, struct session *s, const struct tui_options *o, char *err) {
    return tui_explore(c, s, o, NULL, err);
}

bool tui_tour(struct catalog *c, struct session *s, const struct tui_options *o, FILE *script, const char *name, double speed,
              char *err) {
    struct tour tour;
    tour_open(&tour, script, name, speed);
    return tui_explore(c, s, o, &tour, err);
}

bool tui_check_tour(FILE *script, const char *name, char *err) {
    return tour_check(script, name, err);
}
