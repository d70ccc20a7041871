#include "tui/script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/scenario.h"
#include "tui/caption.h"
#include "tui/key.h"

enum { WORD_LEN = 256, PAUSE_MAX = 600 };

static const char caption_quote[] = "caption:\"";

void script_open(struct script *s, FILE *in, const char *name) {
    *s = (struct script){.in = in, .name = name, .line = 1, .next_line = 1};
}

bool script_refuse(const struct script *s, const char *what, const char *word, const char *allowed,
                   char *err) {
    snprintf(err, ERROR_LEN, "%s:%ld: %s '%.80s' (allowed: %s)", s->name, s->line, what, word, allowed);
    return false;
}

/* Every word of the table of keys, for a message. */
static bool refuse_word(const struct script *s, const char *word, char *err) {
    char allowed[ERROR_LEN] = "a single character";
    for (size_t i = 0; key_table_name(i); i++) {
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, ", %s", key_table_name(i));
    }
    size_t used = strlen(allowed);
    snprintf(allowed + used, sizeof allowed - used,
             ", type:TEXT, click:X,Y, double:X,Y, wheel:X,Y,up, wheel:X,Y,down, size:WxH, records:FILE, records-end, show, "
             "caption:\"WORDS\", pause:SECONDS");
    return script_refuse(s, "unknown word", word, allowed, err);
}

/* The next word, or a caption in quotes with its blanks: 1, 0 at the end, -1 with err. */
static int read_word(struct script *s, char *word, size_t size, bool inside, char *err) {
    size_t n = 0, quote = sizeof caption_quote - 1;
    bool comment = false, quoted = false;
    for (int c; (c = fgetc(s->in)) != EOF;) {
        if (n == 0 && !inside)
            s->line = s->next_line;
        s->next_line += c == '\n';
        if (isspace(c) && !quoted) {
            comment = comment && c != '\n';
            if (n > 0)
                break;
            continue;
        }
        comment = comment || (n == 0 && c == '#' && !inside);
        if (comment)
            continue;
        bool full = n == size - 1 || (n == WORD_LEN - 1 && !quoted);
        if (c == '\0' || full) {
            word[n] = '\0';
            script_refuse(s, c ? "too long a word" : "a NUL byte after", word,
                          quoted ? "captions of up to 590 bytes" : "words of up to 255 bytes of text", err);
            return -1;
        }
        word[n++] = c == '\n' ? ' ' : (char)c;
        if (quoted && c == '"')
            break;
        quoted = quoted || (n == quote && strncmp(word, caption_quote, quote) == 0);
    }
    word[n] = '\0';
    return n > 0;
}

static bool check_caption(const struct script *s, const char *text, char *err) {
    char field[CAPTION_FIELD];
    if (caption_check(text, field))
        return true;
    return script_refuse(s, "a caption's field", field,
                         "{FIELD}, {A.FIELD}, {B.FIELD} of `moescope help --fields` and --figures", err);
}

static bool take_quoted(const struct script *s, struct script_step *step, char *err) {
    size_t head = sizeof caption_quote - 1, n = strlen(step->text);
    if (n == head || step->text[n - 1] != '"')
        return script_refuse(s, "a caption without its end:", step->text, "caption:\"WORDS\"", err);
    memmove(step->text, step->text + head, n - head);
    step->text[n - head - 1] = '\0';
    return check_caption(s, step->text, err);
}

/* The words up to `end`, one blank between them. */
static bool take_words(struct script *s, struct script_step *step, char *err) {
    char word[WORD_LEN];
    size_t used = 0;
    int got;
    step->text[0] = '\0';
    while ((got = read_word(s, word, sizeof word, true, err)) > 0 && strcmp(word, "end") != 0) {
        int n = snprintf(step->text + used, sizeof step->text - used, "%s%s", used ? " " : "", word);
        used += (size_t)n;
        if (used >= sizeof step->text)
            return script_refuse(s, "too long a caption:", word, "captions of up to 590 bytes", err);
    }
    if (got == 0)
        return script_refuse(s, "a caption without its end:", step->text, "caption WORDS end", err);
    return got > 0 && check_caption(s, step->text, err);
}

static bool take_size(const struct script *s, struct script_step *step, char *err) {
    int end = 0;
    bool read =
        sscanf(step->text, "size:%4dx%4d%n", &step->w, &step->h, &end) == 2 && step->text[end] == '\0';
    if (!read || step->w < 1 || step->h < 1 || step->w > SCRIPT_SIDE_MAX || step->h > SCRIPT_SIDE_MAX)
        return script_refuse(s, "size", step->text, "size:1x1 to size:1000x1000", err);
    return true;
}

static bool take_pause(const struct script *s, struct script_step *step, char *err) {
    const char *text = step->text + strlen("pause:");
    char *end;
    step->seconds = strtod(text, &end);
    if (end == text || *end || !(step->seconds >= 0) || step->seconds > PAUSE_MAX)
        return script_refuse(s, "pause", step->text, "pause:0 to pause:600, in seconds", err);
    return true;
}

static bool take_type(const struct script *s, struct script_step *step, char *err) {
    size_t head = strlen("type:"), n = strlen(step->text);
    if (n == head)
        return script_refuse(s, "nothing to type:", step->text, "type:TEXT, without blanks", err);
    memmove(step->text, step->text + head, n - head + 1);
    return true;
}

static bool take_records(const struct script *s, struct script_step *step, char *err) {
    return step->text[strlen("records:")] != '\0' ||
           script_refuse(s, "no file:", step->text, "records:FILE, a file beside the script", err);
}

/* Cells count from 0. */
static bool take_mouse(const struct script *s, struct script_step *step, char *err) {
    static const struct {
        const char *head, *tail;
        enum mouse_kind kind;
    } acts[] = {{"click:", "", MOUSE_CLICK}, {"double:", "", MOUSE_DOUBLE}, {"wheel:", ",up", MOUSE_UP},
                {"wheel:", ",down", MOUSE_DOWN}};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        struct mouse m = {.kind = acts[i].kind};
        const size_t head = strlen(acts[i].head);
        int end = 0;
        if (strncmp(step->text, acts[i].head, head) != 0 ||
            sscanf(step->text + head, "%4d,%4d%n", &m.x, &m.y, &end) != 2 ||
            strcmp(step->text + head + end, acts[i].tail) != 0)
            continue;
        step->mouse = m;
        return true;
    }
    return script_refuse(s, "mouse", step->text, "click:X,Y, double:X,Y, wheel:X,Y,up, wheel:X,Y,down", err);
}

static const struct word {
    const char *text;
    bool whole; /* else what it begins with */
    enum script_kind kind;
    bool (*take)(const struct script *s, struct script_step *step, char *err);
} words[] = {
    {"show", true, SCRIPT_SHOW, NULL},
    {"size:", false, SCRIPT_SIZE, take_size},
    {"type:", false, SCRIPT_TYPE, take_type},
    {"records:", false, SCRIPT_RECORDS, take_records},
    {"records-end", true, SCRIPT_RECORDS_END, NULL},
    {"click:", false, SCRIPT_MOUSE, take_mouse},
    {"double:", false, SCRIPT_MOUSE, take_mouse},
    {"wheel:", false, SCRIPT_MOUSE, take_mouse},
    {"pause:", false, SCRIPT_PAUSE, take_pause},
    {caption_quote, false, SCRIPT_CAPTION, take_quoted},
};

static bool take_step(struct script *s, struct script_step *step, char *err) {
    if (strcmp(step->text, "caption") == 0) {
        step->kind = SCRIPT_CAPTION;
        return take_words(s, step, err);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct word *w = &words[i];
        if (w->whole ? strcmp(step->text, w->text) != 0 : strncmp(step->text, w->text, strlen(w->text)) != 0)
            continue;
        step->kind = w->kind;
        return !w->take || w->take(s, step, err);
    }
    step->kind = SCRIPT_KEY;
    step->key = key_from_name(step->text);
    return step->key != KEYCODE_NONE || refuse_word(s, step->text, err);
}

int script_next(struct script *s, struct script_step *step, char *err) {
    int got = read_word(s, step->text, sizeof step->text, false, err);
    if (got == 0 && ferror(s->in)) {
        snprintf(err, ERROR_LEN, "%s: cannot be read", s->name);
        return -1;
    }
    return got > 0 && !take_step(s, step, err) ? -1 : got;
}
