#include "tui/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/command.h"
#include "tui/wrap.h"

enum { HISTORY = 64 };

struct command_line {
    char text[ENTRY_LEN];
    size_t at; /* of the cursor */
    char history[HISTORY][ENTRY_LEN];
    int n, recalled;       /* recalled: n is the line under edit */
    char draft[ENTRY_LEN]; /* the line under edit while an older one is shown */
    char stem[ENTRY_LEN];  /* the line that Tab goes through the candidates of */
    size_t candidate;      /* the one shown */
    bool cycling;
};

struct command_line *command_line_new(void) {
    return calloc(1, sizeof(struct command_line));
}

void command_line_free(struct command_line *l) {
    free(l);
}

static void set_text(struct command_line *l, const char *text) {
    snprintf(l->text, sizeof l->text, "%s", text);
    l->at = strlen(l->text);
}

void command_line_open(struct ui *u) {
    struct command_line *l = u->command;
    u->back = ui_base_mode(u);
    u->mode = MODE_COMMAND;
    set_text(l, "");
    l->recalled = l->n;
    l->cycling = false;
}

/* --- editing --- */

void command_line_type(struct ui *u, int key) {
    struct command_line *l = u->command;
    size_t n = strlen(l->text);
    l->cycling = false;
    if (n + 1 >= sizeof l->text)
        return;
    memmove(l->text + l->at + 1, l->text + l->at, n - l->at + 1);
    l->text[l->at++] = (char)key;
}

void command_line_erase(struct ui *u, int where) {
    struct command_line *l = u->command;
    l->cycling = false;
    if (!l->text[0]) {
        u->mode = u->back;
        return;
    }
    if (where < 0 && l->at == 0)
        return;
    l->at -= where < 0;
    size_t n = strlen(l->text + l->at);
    if (n > 0)
        memmove(l->text + l->at, l->text + l->at + 1, n);
}

void command_line_clear(struct ui *u) {
    u->command->cycling = false;
    set_text(u->command, "");
}

void command_line_move(struct ui *u, int step) {
    struct command_line *l = u->command;
    size_t n = strlen(l->text);
    l->cycling = false;
    if (step == -1)
        l->at -= l->at > 0;
    else if (step == 1)
        l->at += l->at < n;
    else
        l->at = step < 0 ? 0 : n;
}

/* --- history --- */

void command_line_recall(struct ui *u, int step) {
    struct command_line *l = u->command;
    int to = l->recalled + step;
    l->cycling = false;
    if (to < 0 || to > l->n) {
        ui_say(u, false, step < 0 ? "no older line" : "no newer line");
        return;
    }
    if (l->recalled == l->n)
        memcpy(l->draft, l->text, sizeof l->draft);
    l->recalled = to;
    set_text(l, to == l->n ? l->draft : l->history[to]);
}

static void remember(struct command_line *l) {
    if (!l->text[0] || (l->n > 0 && strcmp(l->history[l->n - 1], l->text) == 0))
        return;
    if (l->n == HISTORY)
        memmove(l->history[0], l->history[1], sizeof l->history[0] * (size_t)(--l->n));
    memcpy(l->history[l->n++], l->text, sizeof l->text);
}

/* --- completion --- */

static size_t count_candidates(const struct ui *u, const char *line) {
    char buf[VALUE_LEN];
    size_t start, n = 0;
    while (command_candidate(u, line, n, &start, buf))
        n++;
    return n;
}

/* How many bytes all candidates begin with. */
static size_t common_length(const struct ui *u, const char *line, size_t n, char *first) {
    char other[VALUE_LEN];
    size_t start, length;
    if (!command_candidate(u, line, 0, &start, first))
        return 0;
    length = strlen(first);
    for (size_t i = 1; i < n && command_candidate(u, line, i, &start, other); i++)
        for (size_t k = 0; k < length; k++)
            if (first[k] != other[k])
                length = k;
    return length;
}

static void replace_word(struct command_line *l, const char *line, size_t start, const char *word, size_t length,
                         bool whole) {
    char text[ENTRY_LEN + VALUE_LEN];
    snprintf(text, sizeof text, "%.*s%.*s%s", (int)start, line, (int)length, word, whole ? " " : "");
    if (strlen(text) < sizeof l->text)
        set_text(l, text);
}

static void show_candidate(struct ui *u, size_t i) {
    struct command_line *l = u->command;
    char word[VALUE_LEN];
    size_t start;
    l->candidate = i;
    if (command_candidate(u, l->stem, i, &start, word))
        replace_word(l, l->stem, start, word, strlen(word), false);
}

void command_line_complete(struct ui *u, int step) {
    struct command_line *l = u->command;
    char word[VALUE_LEN] = "";
    size_t start = 0;
    l->text[l->at] = '\0'; /* what stands behind the cursor gives way */
    size_t n = count_candidates(u, l->cycling ? l->stem : l->text);
    if (n == 0) {
        ui_say(u, true, "nothing completes '%s'", l->text);
        return;
    }
    if (l->cycling) {
        show_candidate(u, (l->candidate + n + (size_t)step) % n);
        return;
    }
    size_t length = common_length(u, l->text, n, word);
    command_candidate(u, l->text, 0, &start, word);
    if (n == 1 || start + length > strlen(l->text)) {
        replace_word(l, l->text, start, word, length, n == 1);
        return;
    }
    memcpy(l->stem, l->text, sizeof l->stem);
    l->cycling = true;
    show_candidate(u, step > 0 ? 0 : n - 1);
}

void command_line_enter(struct ui *u) {
    struct command_line *l = u->command;
    remember(l);
    l->recalled = l->n;
    l->cycling = false;
    u->mode = u->back;
    if (command_run(u, l->text))
        return;
    u->back = ui_base_mode(u);
    u->mode = MODE_COMMAND;
}

/* --- drawing --- */

const char *command_line_text(const struct ui *u) {
    return u->command->text;
}

void command_line_draw(const struct ui *u, struct canvas *c, struct rect r) {
    const struct command_line *l = u->command;
    int room = r.w - 3, skip = (int)l->at >= room ? (int)l->at - room + 1 : 0;
    canvas_text(c, r.x, r.y, 2, ":", ROLE_KEY);
    canvas_text(c, r.x + 1, r.y, room, l->text + skip, ROLE_ENTRY);
    c->cursor_x = r.x + 1 + (int)l->at - skip;
    c->cursor_y = r.y;
}

/* The candidates from the shown one on, as many as there is room for. */
static bool draw_candidates(const struct ui *u, struct canvas *c, struct rect r) {
    const struct command_line *l = u->command;
    const char *line = l->cycling ? l->stem : l->text;
    char word[VALUE_LEN];
    size_t start = 0, first = l->cycling ? l->candidate : 0;
    int x = r.x;
    for (size_t i = first; x < r.x + r.w && command_candidate(u, line, i, &start, word); i++) {
        if (x + text_width(word) > r.x + r.w) {
            canvas_text(c, r.x + r.w - 1, r.y, 1, "…", ROLE_DIM);
            break;
        }
        x += canvas_text(c, x, r.y, r.x + r.w - x, word, l->cycling && i == first ? ROLE_SELECTED : ROLE_KEY_TEXT) + 2;
    }
    return x > r.x;
}

bool command_line_draw_hint(const struct ui *u, struct canvas *c, struct rect r) {
    const struct command_line *l = u->command;
    if (u->message[0]) {
        canvas_text(c, r.x, r.y, r.w, u->message, u->message_error ? ROLE_ERROR : ROLE_TEXT);
        return true;
    }
    if (!l->text[0])
        return false;
    if (draw_candidates(u, c, r))
        return true;
    const char *hint = command_hint(l->text);
    canvas_text(c, r.x, r.y, r.w, hint, ROLE_DIM);
    return *hint != '\0';
}
