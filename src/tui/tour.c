#include "tui/tour.h"

#include <math.h>
#include <time.h>

#include "core/scenario.h"
#include "tui/utf8.h"

/* Seconds: a key is seen to act, a letter to be typed; people read about three words a second. */
static const double key_s = 0.6, letter_s = 0.12, word_s = 0.33, word_min_s = 1.2;

static const char hint_playing[] = "Space pauses · Esc leaves · other keys take over";
static const char hint_paused[] = "paused: Space goes on · Esc leaves";
static const char hint_over[] = "the tour ends here: the explorer is yours";

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool tour_check(FILE *in, const char *name, char *err) {
    struct script script;
    struct script_step step;
    int got;
    script_open(&script, in, name);
    while ((got = script_next(&script, &step, err)) > 0)
        ;
    if (got == 0 && fseek(in, 0, SEEK_SET) != 0) {
        snprintf(err, ERROR_LEN, "%s: a tour is read twice and must be a file", name);
        return false;
    }
    return got == 0;
}

void tour_open(struct tour *t, FILE *in, const char *name, double speed) {
    *t = (struct tour){.speed = speed, .due = now_s()};
    script_open(&t->script, in, name);
}

int tour_wait_ms(const struct tour *t) {
    if (t->over || t->paused)
        return -1;
    double left = t->due - now_s();
    return left <= 0 ? 0 : (int)ceil(left * 1000);
}

static int count_words(const char *text) {
    int n = 0;
    for (bool inside = false; *text; text++) {
        n += *text != ' ' && !inside;
        inside = *text != ' ';
    }
    return n;
}

static void tour_end(struct tour *t, struct stage *st, const char *hint) {
    t->over = true;
    ui_hint(st->ui, hint);
}

/* One letter of a word that is being typed. */
static enum ui_result type_letter(struct tour *t, struct stage *st) {
    enum ui_result result = stage_key(st, (int)utf8_next(&t->typing));
    if (!*t->typing)
        t->typing = NULL;
    t->due = now_s() + (t->typing ? letter_s : key_s) / t->speed;
    return result;
}

enum ui_result tour_step(struct tour *t, struct stage *st) {
    char err[ERROR_LEN];
    double wait = 0;
    enum ui_result result = UI_REDRAW;
    if (t->typing)
        return type_letter(t, st);
    if (script_next(&t->script, &t->step, err) <= 0) { /* every word was checked before */
        tour_end(t, st, hint_over);
        return result;
    }
    switch (t->step.kind) {
    case SCRIPT_KEY:
        result = stage_key(st, t->step.key);
        wait = key_s;
        break;
    case SCRIPT_MOUSE: /* on the screen as the step before has left it */
        result = stage_mouse(st, &t->step.mouse);
        wait = key_s;
        break;
    case SCRIPT_TYPE:
        t->typing = t->step.text;
        break;
    case SCRIPT_CAPTION:
        ui_caption(st->ui, t->step.text, hint_playing);
        wait = fmax(word_min_s, word_s * count_words(t->step.text));
        break;
    case SCRIPT_PAUSE:
        wait = t->step.seconds;
        break;
    case SCRIPT_RECORDS:
    case SCRIPT_RECORDS_END:
    case SCRIPT_SIZE:
    case SCRIPT_SHOW:
        break;
    }
    t->due = now_s() + wait / t->speed;
    return result;
}

bool tour_key(struct tour *t, struct stage *st, int key) {
    bool was_over = t->over;
    if (!was_over && key == ' ') {
        t->paused = !t->paused;
        t->due = now_s();
        ui_hint(st->ui, t->paused ? hint_paused : hint_playing);
        return true;
    }
    t->over = true;
    ui_caption(st->ui, "", NULL);
    return !was_over && key == '\033';
}
