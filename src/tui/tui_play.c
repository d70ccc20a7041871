/* The explorer played from a script, without a terminal: tests, demonstrations, pictures for the manual. */
#include "tui/tui_run.h"

#include <string.h>

#include "tui/plain.h"
#include "tui/script.h"
#include "tui/stage.h"
#include "tui/utf8.h"

const char *const tui_formats[] = {"text", "roles", "ansi", "svg", "plain", NULL};

struct player {
    struct stage stage;
    struct script script;
    struct plain plain;
    FILE *out;
    const char *format; /* one of tui_formats */
    bool quit;          /* a key has ended the explorer */
    bool shown, stale;  /* something was printed; something was played since */
    char *err;
};

static bool player_is_plain(const struct player *p) {
    return strcmp(p->format, "plain") == 0;
}

/* Lines tell of every key, not of screens. */
static void player_tell(struct player *p) {
    if (player_is_plain(p))
        plain_tell(&p->plain, p->stage.ui, p->out);
}

static void player_show(struct player *p) {
    const struct canvas *c = &p->stage.canvas;
    bool svg = strcmp(p->format, "svg") == 0;
    if (p->shown)
        fputs("--\n", p->out); /* between screens only: one screen is printed as it is */
    stage_draw(&p->stage);
    if (strcmp(p->format, "ansi") == 0)
        canvas_write_ansi(c, p->out);
    else if (svg)
        canvas_write_svg(c, p->out);
    else
        canvas_write_text(c, p->out, strcmp(p->format, "roles") == 0);
    p->shown = true;
    p->stale = false;
}

static bool player_resize(struct player *p, int w, int h) {
    if (!canvas_resize(&p->stage.canvas, w, h)) {
        snprintf(p->err, ERROR_LEN, "%s: out of memory for a screen of %dx%d", p->script.name, w, h);
        return false;
    }
    stage_draw(&p->stage); /* keys may go by the size of the screen */
    return true;
}

static bool player_key(struct player *p, int key, const char *word) {
    if (p->quit)
        return script_refuse(&p->script, "a key after the explorer was left:", word, "show", p->err);
    if (ui_goes_by_screen(p->stage.ui)) /* the loop draws between keys: here where a key may go by what is seen */
        stage_draw(&p->stage);
    p->quit = stage_key(&p->stage, key) == UI_QUIT;
    if (!p->quit)
        player_tell(p);
    return true;
}

static bool player_type(struct player *p, const char *text) {
    const char *word = text;
    for (uint32_t c; (c = utf8_next(&text)) != 0;)
        if (!player_key(p, (int)c, word))
            return false;
    return true;
}

/* The mouse goes by what is seen: the screen is drawn first. */
static bool player_mouse(struct player *p, const struct script_step *step) {
    if (p->quit)
        return script_refuse(&p->script, "a click after the explorer was left:", step->text, "show", p->err);
    stage_draw(&p->stage);
    p->quit = stage_mouse(&p->stage, &step->mouse) == UI_QUIT;
    player_tell(p);
    return true;
}

/* A file beside the script, so that a script plays wherever it is started. */
static FILE *player_open(const struct player *p, const char *name) {
    char path[5 * SCRIPT_TEXT];
    const char *script = p->script.name, *slash = strrchr(script, '/');
    long head = slash && *name != '/' ? slash + 1 - script : 0;
    snprintf(path, sizeof path, "%.*s%s", head < 4 * SCRIPT_TEXT ? (int)head : 0, script, name);
    return fopen(path, "r");
}

static bool player_records(struct player *p, const char *word) {
    char buf[4096];
    size_t n;
    FILE *in = player_open(p, word + strlen("records:"));
    if (!in)
        return script_refuse(&p->script, "no such file:", word, "records:FILE, a file beside the script", p->err);
    bool ok = true;
    while (ok && (n = fread(buf, 1, sizeof buf, in)) > 0)
        ok = ui_feed(p->stage.ui, buf, n, false);
    fclose(in);
    player_tell(p);
    return ok;
}

static bool player_step(struct player *p, const struct script_step *step) {
    p->stale = true;
    switch (step->kind) {
    case SCRIPT_KEY:
        return player_key(p, step->key, step->text);
    case SCRIPT_TYPE:
        return player_type(p, step->text);
    case SCRIPT_MOUSE:
        return player_mouse(p, step);
    case SCRIPT_RECORDS:
        return player_records(p, step->text);
    case SCRIPT_RECORDS_END:
        return ui_feed(p->stage.ui, "", 0, true);
    case SCRIPT_SIZE:
        return player_resize(p, step->w, step->h);
    case SCRIPT_CAPTION:
        ui_caption(p->stage.ui, step->text, NULL);
        player_tell(p);
        return true;
    case SCRIPT_SHOW:
        if (strcmp(p->format, "svg") != 0 && !player_is_plain(p)) /* a file holds one picture: the last screen */
            player_show(p);
        return true;
    case SCRIPT_PAUSE:
        return true;
    }
    return true;
}

static bool player_play(struct player *p) {
    struct script_step step;
    int got;
    player_tell(p);
    while ((got = script_next(&p->script, &step, p->err)) > 0)
        if (!player_step(p, &step))
            return false;
    if (got < 0)
        return false;
    if (p->stale && !player_is_plain(p))
        player_show(p);
    if (fflush(p->out) != 0 || ferror(p->out)) {
        snprintf(p->err, ERROR_LEN, "%s: the screens cannot be written", p->script.name);
        return false;
    }
    return stage_finish(&p->stage, p->err);
}

static bool player_check_format(const char *format, char *err) {
    for (size_t i = 0; tui_formats[i]; i++)
        if (strcmp(format, tui_formats[i]) == 0)
            return true;
    snprintf(err, ERROR_LEN, "screen format '%.60s' (allowed: text, roles, ansi, svg, plain)", format);
    return false;
}

bool tui_play(struct catalog *c, struct session *s, const struct tui_options *o, int w, int h, FILE *script,
              const char *script_name, const char *format, FILE *out, char *err) {
    struct player p = {.out = out, .format = format, .stale = true, .err = err};
    script_open(&p.script, script, script_name);
    if (!player_check_format(format, err))
        return false;
    if (w < 1 || h < 1 || w > SCRIPT_SIDE_MAX || h > SCRIPT_SIDE_MAX) {
        snprintf(err, ERROR_LEN, "screen size %dx%d (allowed: 1x1 to 1000x1000)", w, h);
        return false;
    }
    bool ok = stage_open(&p.stage, c, s, o, err) && player_resize(&p, w, h);
    if (ok) {
        ui_be_patient(p.stage.ui);
        ok = player_play(&p);
    }
    plain_close(&p.plain);
    stage_close(&p.stage);
    return ok;
}
