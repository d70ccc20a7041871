#include "tui/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/suggest.h"
#include "tui/slots.h"
#include "tui/wrap.h"

/* --- words --- */

bool command_split(const char *line, struct words *w) {
    const char *p = line;
    *w = (struct words){0};
    for (;;) {
        p += strspn(p, " ");
        if (!*p)
            return true;
        if (w->n == COMMAND_WORDS)
            return false;
        char *out = w->text[w->n];
        size_t used = 0;
        bool quoted = *p == '"';
        p += quoted;
        w->start[w->n++] = (size_t)(p - line);
        while (*p && (quoted ? *p != '"' : *p != ' ') && used + 1 < ENTRY_LEN)
            out[used++] = *p++;
        w->open = !*p;
        p += *p == '"';
    }
}

/* --- what may stand where --- */

static const char *const goal_ways[] = {"batch", "layout", NULL};

static bool is_goal(const struct estimate_field *f) {
    return f->type == VALUE_NUMBER && f->better != BETTER_NONE;
}

static const char *figure_at(size_t i) {
    for (size_t k = 0; k < ESTIMATE_FIELD_COUNT; k++)
        if (is_goal(&estimate_fields[k]) && i-- == 0)
            return estimate_fields[k].id;
    return NULL;
}

static const struct command_row *find_command(const char *name);

/* What a line may begin with: commands, fields, actions. */
static const char *first_at(size_t i) {
    const struct action *a;
    for (size_t k = 0; command_at(k); k++)
        if (i-- == 0)
            return command_at(k)->name;
    if (i < FIELD_COUNT)
        return scenario_fields[i].id;
    i -= FIELD_COUNT;
    for (size_t k = 0; (a = action_at(k)) != NULL; k++)
        if (command_can_run(a) && !find_command(a->id) && i-- == 0)
            return a->id;
    return NULL;
}

static const char *view_at(size_t i) {
    return i >= WIDE_COUNT ? NULL : wide_ops[i] ? wide_ops[i]->id : "panes";
}

static const char *scenario_at(const struct ui *u, size_t i) {
    return i < catalog_scenario_count(u->catalog) ? catalog_scenario_at(u->catalog, i)->id : NULL;
}

/* The i-th word of a kind, or NULL. `field`: whose values are meant. */
static const char *word_at(const struct ui *u, enum word_kind kind, const struct field *field, size_t i) {
    switch (kind) {
    case WORD_FIRST:
        return first_at(i);
    case WORD_FIELD:
        return i < FIELD_COUNT ? scenario_fields[i].id : NULL;
    case WORD_VALUE:
        return field && field->type == FIELD_TEXT ? catalog_choice(u->catalog, field, ui_deployment(u)->model, i) : NULL;
    case WORD_SCENARIO:
        return scenario_at(u, i);
    case WORD_VIEW:
        return view_at(i);
    case WORD_FIGURE:
        return figure_at(i);
    case WORD_BY:
        return i < 2 ? goal_ways[i] : NULL;
    case WORD_EQUAL:
        return equal_rows[i].id;
    default:
        return NULL;
    }
}

/* "no view 'foo' (did you mean 'rules'?); allowed: panes, operators, ..." */
static bool refuse_value(struct ui *u, enum word_kind kind, const struct field *field, const char *what, const char *word) {
    char text[MESSAGE_LEN];
    struct suggestion near;
    const char *name;
    suggest_begin(&near, word);
    for (size_t i = 0; (name = word_at(u, kind, field, i)) != NULL; i++)
        suggest_offer(&near, name);
    snprintf(text, sizeof text, "no %s '%.40s'", what, word);
    if (near.best)
        text_add(text, sizeof text, " (did you mean '%s'?)", near.best);
    for (size_t i = 0; (name = word_at(u, kind, field, i)) != NULL; i++)
        text_add(text, sizeof text, "%s%s", i ? ", " : "; allowed: ", name);
    ui_say(u, true, "%s", text);
    return false;
}

static bool refuse(struct ui *u, enum word_kind kind, const char *what, const char *word) {
    return refuse_value(u, kind, NULL, what, word);
}

/* --- commands --- */

static void select_field(struct ui *u, const struct field *f) {
    u->field = (int)(f - scenario_fields);
}

/* Whether a field takes ids and this is none of them; a path is the catalog's to judge. */
static bool is_no_choice(const struct ui *u, const struct field *f, const char *value) {
    const char *id;
    size_t i = 0;
    if (strpbrk(value, "/."))
        return false;
    while ((id = word_at(u, WORD_VALUE, f, i)) != NULL && strcmp(id, value) != 0)
        i++;
    return i > 0 && !id;
}

static bool set_field(struct ui *u, const struct field *f, const char *value) {
    char err[ERROR_LEN];
    struct scenario next = *ui_scenario(u);
    if (!scenario_parse(&next, f, value, err)) {
        ui_say(u, true, "%s", err);
        return false;
    }
    select_field(u, f);
    if (ui_apply(u, &next))
        return true;
    return is_no_choice(u, f, value) ? refuse_value(u, WORD_VALUE, f, f->id, value) : false;
}

static bool run_set(struct ui *u, const struct words *w) {
    const struct field *f = scenario_find_field(w->text[1]);
    return f ? set_field(u, f, w->text[2]) : refuse(u, WORD_FIELD, "field", w->text[1]);
}

static bool run_load(struct ui *u, const struct words *w) {
    const struct scenario_preset *p = catalog_find_scenario(u->catalog, w->text[1]);
    return p ? ui_apply(u, &p->scenario) : refuse(u, WORD_SCENARIO, "scenario", w->text[1]);
}

static bool run_named_action(struct ui *u, const char *id);

static bool run_export(struct ui *u, const struct words *w) {
    char err[ERROR_LEN];
    if (w->n == 1)
        return run_named_action(u, "export");
    bool ok = session_export(u->session, u->catalog, &u->cache, w->text[1], false, err);
    if (ok)
        ui_say(u, false, "session written to %s", w->text[1]);
    else
        ui_say(u, true, "%s", err);
    return ok;
}

static bool run_view(struct ui *u, const struct words *w) {
    const char *id;
    for (size_t i = 0; (id = view_at(i)) != NULL; i++)
        if (strcmp(id, w->text[1]) == 0) {
            wide_show(u, (enum wide_id)i);
            return true;
        }
    return refuse(u, WORD_VIEW, "view", w->text[1]);
}

/* An id, or the first that begins like this: `tpot` is tpot_ms. */
static const struct estimate_field *find_figure(const char *word) {
    for (int exact = 1; exact >= 0; exact--)
        for (size_t i = 0; i < ESTIMATE_FIELD_COUNT; i++)
            if (is_goal(&estimate_fields[i]) && *word &&
                (exact ? strcmp(estimate_fields[i].id, word) : strncmp(estimate_fields[i].id, word, strlen(word))) == 0)
                return &estimate_fields[i];
    return NULL;
}

static bool run_goal(struct ui *u, const struct words *w) {
    const struct estimate_field *figure = find_figure(w->text[1]);
    char *end;
    double limit = strtod(w->text[2], &end);
    bool layout = strcmp(w->text[3], "layout") == 0;
    if (!figure)
        return refuse(u, WORD_FIGURE, "figure", w->text[1]);
    if (end == w->text[2] || *end || !(limit > 0)) {
        ui_say(u, true, "'%s' is no goal for %s; allowed: a number above 0%s%s", w->text[2], figure->id,
               figure->unit && *figure->unit ? ", in " : "", figure->unit ? figure->unit : "");
        return false;
    }
    if (w->n > 3 && !layout && strcmp(w->text[3], "batch") != 0)
        return refuse(u, WORD_BY, "search", w->text[3]);
    return slots_seek_goal(u, &(struct goal){figure, limit}, layout);
}

static bool run_equal(struct ui *u, const struct words *w) {
    for (const struct equal_row *row = equal_rows; row->id; row++)
        if (strcmp(row->id, w->text[1]) == 0)
            return slots_make_equal(u, row);
    return refuse(u, WORD_EQUAL, "figure to make equal", w->text[1]);
}

static bool run_lock(struct ui *u, const struct words *w) {
    if (w->n == 1)
        return run_named_action(u, "lock");
    const struct field *f = scenario_find_field(w->text[1]);
    if (!f)
        return refuse(u, WORD_FIELD, "field", w->text[1]);
    select_field(u, f);
    slots_toggle_lock(u, u->field);
    return true;
}

static const struct command_row rows[] = {
    {"set", "FIELD VALUE", "set a field of the scenario under edit; FIELD VALUE alone does the same, FIELD alone goes there", 2,
     {WORD_FIELD, WORD_VALUE}, run_set},
    {"load", "SCENARIO", "load a ready-made scenario into the slot under edit", 1, {WORD_SCENARIO}, run_load},
    {"view", "NAME", "show a view in place of the panes, or the panes", 1, {WORD_VIEW}, run_view},
    {"goal", "FIGURE LIMIT [batch|layout]",
     "the largest batch, or the cheapest layout, that keeps a figure within a limit (at least, where more is better)", 2,
     {WORD_FIGURE, WORD_NUMBER, WORD_BY}, run_goal},
    {"equal", "FIGURE", "change the scenario under edit until it comes nearest to the other: memory, price, tpot or gpus", 1,
     {WORD_EQUAL}, run_equal},
    {"lock", "[FIELD]", "lock a field, so that a change in A or B changes both; or free it", 0, {WORD_FIELD}, run_lock},
    {"export", "[FILE]", "write the session to a new file", 0, {WORD_FILE}, run_export},
};

const struct command_row *command_at(size_t i) {
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

static const struct command_row *find_command(const char *name) {
    for (size_t i = 0; command_at(i); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* --- running --- */

bool command_can_run(const struct action *a) {
    return a->modes & (1u << MODE_COLUMN | 1u << MODE_PANES | 1u << MODE_WIDE);
}

/* To a place where the action works; false when it works in a view that is not shown. */
static bool go_where_it_works(struct ui *u, const struct action *a) {
    if (a->modes & 1u << u->mode)
        return true;
    enum mode beside = u->wide ? MODE_WIDE : MODE_PANES;
    if (a->modes & 1u << beside)
        u->mode = beside;
    else if (a->modes & 1u << MODE_COLUMN)
        u->mode = MODE_COLUMN;
    return (a->modes & 1u << u->mode) != 0;
}

bool command_run_action(struct ui *u, const struct action *a) {
    if (!go_where_it_works(u, a)) {
        ui_say(u, true, "'%s' works in the %s", a->id, a->modes & 1u << MODE_WIDE ? "views (< >)" : "panes (:view panes)");
        return false;
    }
    a->run(u, a, KEYCODE_NONE);
    return !u->message_error || !u->message[0];
}

static const struct action *find_action(const char *id) {
    const struct action *a;
    for (size_t i = 0; (a = action_at(i)) != NULL; i++)
        if (command_can_run(a) && strcmp(a->id, id) == 0)
            return a;
    return NULL;
}

static bool run_named_action(struct ui *u, const char *id) {
    return command_run_action(u, find_action(id));
}

static bool run_row(struct ui *u, const struct command_row *row, const struct words *w) {
    int most = 0;
    while (most < COMMAND_WORDS - 1 && row->word[most] != WORD_NONE)
        most++;
    if (w->n - 1 >= row->least && w->n - 1 <= most)
        return row->run(u, w);
    ui_say(u, true, "'%s' %s; allowed: %s %s", row->name, w->n - 1 < row->least ? "needs more" : "takes no more",
           row->name, row->synopsis);
    return false;
}

static bool run_field(struct ui *u, const struct field *f, const struct words *w) {
    if (w->n > 2) {
        ui_say(u, true, "'%.40s' is one word too many; allowed: %s VALUE", w->text[2], f->id);
        return false;
    }
    if (w->n == 2)
        return set_field(u, f, w->text[1]);
    select_field(u, f);
    u->mode = MODE_COLUMN;
    return true;
}

bool command_run(struct ui *u, const char *line) {
    struct words w;
    if (!command_split(line, &w)) {
        ui_say(u, true, "more than %d words; allowed: a command and its words (\"...\" holds blanks together)", COMMAND_WORDS);
        return false;
    }
    if (w.n == 0)
        return true;
    const struct command_row *row = find_command(w.text[0]);
    const struct field *f = scenario_find_field(w.text[0]);
    const struct action *a = find_action(w.text[0]);
    if (row)
        return run_row(u, row, &w);
    if (f)
        return run_field(u, f, &w);
    if (a && w.n == 1)
        return command_run_action(u, a);
    if (a)
        ui_say(u, true, "'%.40s' is one word too many; '%s' takes none", w.text[1], a->id);
    return a ? false : refuse(u, WORD_FIRST, "command, field or action", w.text[0]);
}

/* --- completion --- */

/* The kind of the word that the line ends in. */
static enum word_kind kind_of_last(const struct words *w, int at, const struct field **field) {
    const struct command_row *row = at > 0 ? find_command(w->text[0]) : NULL;
    *field = NULL;
    if (at == 0)
        return WORD_FIRST;
    if (row) {
        *field = row->word[0] == WORD_FIELD ? scenario_find_field(w->text[1]) : NULL;
        return at < COMMAND_WORDS ? row->word[at - 1] : WORD_NONE;
    }
    *field = scenario_find_field(w->text[0]);
    return *field && at == 1 ? WORD_VALUE : WORD_NONE;
}

const char *command_candidate(const struct ui *u, const char *line, size_t i, size_t *start, char *buf) {
    struct words w;
    const struct field *field;
    const char *name;
    if (!command_split(line, &w))
        return NULL;
    int at = w.n > 0 && w.open ? w.n - 1 : w.n;
    const char *stem = at < w.n ? w.text[at] : "";
    *start = at < w.n ? w.start[at] : strlen(line);
    enum word_kind kind = kind_of_last(&w, at, &field);
    for (size_t k = 0; (name = word_at(u, kind, field, k)) != NULL; k++)
        if (strncmp(name, stem, strlen(stem)) == 0 && i-- == 0) {
            snprintf(buf, VALUE_LEN, "%s", name);
            return buf;
        }
    return NULL;
}

const char *command_hint(const char *line) {
    struct words w;
    if (!command_split(line, &w) || w.n == 0)
        return "";
    const struct command_row *row = find_command(w.text[0]);
    const struct field *f = scenario_find_field(w.text[0]);
    const struct action *a = find_action(w.text[0]);
    return row ? row->help : f ? f->help : a && a->help ? a->help : "";
}
