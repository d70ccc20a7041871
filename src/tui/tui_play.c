/* The explorer played from a script, without a terminal: tests, demonstrations, pictures for the manual. */
#include "tui/tui_run.h"

#include <ctype.h>
#include <string.h>

#include "tui/stage.h"
#include "tui/utf8.h"

enum { WORD_LEN = 256, PLAY_SIDE_MAX = 1000 };

static const char *const formats[] = {"text", "roles", "ansi", NULL};

struct player {
    struct stage stage;
    FILE *script, *out;
    const char *name;   /* of the script, for messages */
    const char *format; /* one of formats */
    long line;          /* of the script, from 1, where the word being played begins */
    long next_line;
    bool quit;         /* a key has ended the explorer */
    bool shown, stale; /* something was printed; something was played since */
    char *err;
};

static bool player_fail(struct player *p, const char *what, const char *word, const char *allowed) {
    snprintf(p->err, ERROR_LEN, "%s:%ld: %s '%.80s' (allowed: %s)", p->name, p->line, what, word, allowed);
    return false;
}

/* Every word of the table of keys, for a message. */
static bool player_fail_word(struct player *p, const char *word) {
    char allowed[ERROR_LEN] = "a single character";
    for (size_t i = 0; key_table_name(i); i++) {
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, ", %s", key_table_name(i));
    }
    size_t used = strlen(allowed);
    snprintf(allowed + used, sizeof allowed - used, ", type:TEXT, click:X,Y, double:X,Y, wheel:X,Y,up, wheel:X,Y,down, size:WxH, records:FILE, records-end, show");
    return player_fail(p, "unknown word", word, allowed);
}

/* The next word of the script: 1, 0 at its end, -1 with err when it is too long or no text. */
static int player_read_word(struct player *p, char *word) {
    size_t n = 0;
    bool comment = false;
    for (int c; (c = fgetc(p->script)) != EOF;) {
        if (n == 0)
            p->line = p->next_line;
        p->next_line += c == '\n';
        if (isspace(c)) {
            comment = comment && c != '\n';
            if (n > 0)
                break;
            continue;
        }
        comment = comment || (n == 0 && c == '#');
        if (comment)
            continue;
        if (c == '\0' || n == WORD_LEN - 1) {
            word[n] = '\0';
            player_fail(p, c ? "too long a word" : "a NUL byte after", word,
                        "words of up to 255 bytes of text");
            return -1;
        }
        word[n++] = (char)c;
    }
    word[n] = '\0';
    return n > 0;
}

static void player_show(struct player *p) {
    const struct canvas *c = &p->stage.canvas;
    if (p->shown)
        fputs("--\n", p->out); /* between screens only: one screen is printed as it is */
    stage_draw(&p->stage);
    if (strcmp(p->format, "ansi") == 0)
        canvas_write_ansi(c, p->out);
    else
        canvas_write_text(c, p->out, strcmp(p->format, "roles") == 0);
    p->shown = true;
    p->stale = false;
}

static bool player_resize(struct player *p, int w, int h) {
    if (!canvas_resize(&p->stage.canvas, w, h)) {
        snprintf(p->err, ERROR_LEN, "%s: out of memory for a screen of %dx%d", p->name, w, h);
        return false;
    }
    return true;
}

static bool player_size(struct player *p, const char *word) {
    int w = 0, h = 0, end = 0;
    bool read = sscanf(word, "size:%4dx%4d%n", &w, &h, &end) == 2 && word[end] == '\0';
    if (!read || w < 1 || h < 1 || w > PLAY_SIDE_MAX || h > PLAY_SIDE_MAX)
        return player_fail(p, "size", word, "size:1x1 to size:1000x1000");
    return player_resize(p, w, h);
}

static bool player_key(struct player *p, int key, const char *word) {
    if (p->quit)
        return player_fail(p, "a key after the explorer was left:", word, "show");
    if (ui_goes_by_screen(p->stage.ui)) /* the loop draws between keys: here where a key may go by what is seen */
        stage_draw(&p->stage);
    p->quit = stage_key(&p->stage, key) == UI_QUIT;
    return true;
}

static bool player_type(struct player *p, const char *word) {
    const char *text = word + strlen("type:");
    if (!*text)
        return player_fail(p, "nothing to type:", word, "type:TEXT, without blanks");
    for (uint32_t c; (c = utf8_next(&text)) != 0;)
        if (!player_key(p, (int)c, word))
            return false;
    return true;
}

/* The mouse goes by what is seen: the screen is drawn first. */
static bool player_mouse(struct player *p, const char *word) {
    static const struct {
        const char *head, *tail;
        enum mouse_kind kind;
    } words[] = {{"click:", "", MOUSE_CLICK}, {"double:", "", MOUSE_DOUBLE}, {"wheel:", ",up", MOUSE_UP},
                 {"wheel:", ",down", MOUSE_DOWN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct mouse m = {.kind = words[i].kind};
        const size_t head = strlen(words[i].head);
        int end = 0;
        if (strncmp(word, words[i].head, head) != 0 || sscanf(word + head, "%4d,%4d%n", &m.x, &m.y, &end) != 2 ||
            strcmp(word + head + end, words[i].tail) != 0)
            continue;
        if (p->quit)
            return player_fail(p, "a click after the explorer was left:", word, "show");
        stage_draw(&p->stage);
        p->quit = stage_mouse(&p->stage, &m) == UI_QUIT;
        return true;
    }
    return player_fail(p, "mouse", word, "click:X,Y, double:X,Y, wheel:X,Y,up, wheel:X,Y,down");
}

static bool player_is_mouse(const char *word) {
    return strncmp(word, "click:", 6) == 0 || strncmp(word, "double:", 7) == 0 || strncmp(word, "wheel:", 6) == 0;
}

/* A file beside the script, so that a script plays wherever it is started. */
static FILE *player_open(const struct player *p, const char *name) {
    char path[WORD_LEN * 5];
    const char *slash = strrchr(p->name, '/');
    bool beside = slash && *name != '/';
    snprintf(path, sizeof path, "%.*s%s", beside ? (int)(slash + 1 - p->name < WORD_LEN * 4 ? slash + 1 - p->name : 0) : 0, p->name,
             name);
    return fopen(path, "r");
}

static bool player_records(struct player *p, const char *word) {
    char buf[4096];
    size_t n;
    FILE *in = player_open(p, word + strlen("records:"));
    if (!in)
        return player_fail(p, "no such file:", word, "records:FILE, a file beside the script");
    bool ok = true;
    while (ok && (n = fread(buf, 1, sizeof buf, in)) > 0)
        ok = ui_feed(p->stage.ui, buf, n, false);
    fclose(in);
    return ok;
}

static bool player_word(struct player *p, const char *word) {
    p->stale = true;
    if (strcmp(word, "show") == 0) {
        player_show(p);
        return true;
    }
    if (strncmp(word, "size:", 5) == 0)
        return player_size(p, word);
    if (strncmp(word, "type:", 5) == 0)
        return player_type(p, word);
    if (player_is_mouse(word))
        return player_mouse(p, word);
    if (strncmp(word, "records:", 8) == 0)
        return player_records(p, word);
    if (strcmp(word, "records-end") == 0)
        return ui_feed(p->stage.ui, "", 0, true);
    int key = key_from_name(word);
    return key == KEYCODE_NONE ? player_fail_word(p, word) : player_key(p, key, word);
}

static bool player_play(struct player *p) {
    char word[WORD_LEN];
    int got;
    while ((got = player_read_word(p, word)) > 0)
        if (!player_word(p, word))
            return false;
    if (got < 0)
        return false;
    if (ferror(p->script)) {
        snprintf(p->err, ERROR_LEN, "%s: cannot be read", p->name);
        return false;
    }
    if (p->stale)
        player_show(p);
    if (fflush(p->out) != 0 || ferror(p->out)) {
        snprintf(p->err, ERROR_LEN, "%s: the screens cannot be written", p->name);
        return false;
    }
    return stage_finish(&p->stage, p->err);
}

static bool player_check_format(const char *format, char *err) {
    for (size_t i = 0; formats[i]; i++)
        if (strcmp(format, formats[i]) == 0)
            return true;
    snprintf(err, ERROR_LEN, "screen format '%.60s' (allowed: text, roles, ansi)", format);
    return false;
}

bool tui_play(struct catalog *c, struct session *s, const struct tui_options *o, int w, int h, FILE *script,
              const char *script_name, const char *format, FILE *out, char *err) {
    struct player p = {.script = script, .out = out, .name = script_name, .format = format, .err = err};
    p.next_line = p.line = 1;
    p.stale = true;
    if (!player_check_format(format, err))
        return false;
    if (w < 1 || h < 1 || w > PLAY_SIDE_MAX || h > PLAY_SIDE_MAX) {
        snprintf(err, ERROR_LEN, "screen size %dx%d (allowed: 1x1 to 1000x1000)", w, h);
        return false;
    }
    bool ok = stage_open(&p.stage, c, s, o, err) && player_resize(&p, w, h);
    if (ok) {
        ui_be_patient(p.stage.ui);
        ok = player_play(&p);
    }
    stage_close(&p.stage);
    return ok;
}
