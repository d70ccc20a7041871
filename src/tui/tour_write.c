/* A session as a key script: the keys that lead from state to state. */
#include <string.h>

#include "tui/tui_run.h"

struct writer {
    FILE *out;
    int slot, field; /* where the explorer's focus is */
};

static void repeat(const struct writer *w, const char *word, int n) {
    for (int i = 0; i < n; i++)
        fprintf(w->out, "%s ", word);
}

static int first_of_group(enum field_group group) {
    int i = 0;
    while (scenario_fields[i].group != group)
        i++;
    return i;
}

/* Within a group by arrows; elsewhere to the head of the group first, as a page key goes. */
static void go_to(struct writer *w, int field) {
    int from = (int)scenario_fields[w->field].group, to = (int)scenario_fields[field].group;
    if (from != to) {
        repeat(w, "pgdn", (to - from + GROUP_COUNT) % GROUP_COUNT);
        w->field = first_of_group((enum field_group)to);
    }
    repeat(w, "down", field - w->field);
    repeat(w, "up", w->field - field);
    w->field = field;
}

/* Blanks are keys of their own. */
static void type_text(const struct writer *w, const char *text) {
    while (*text) {
        size_t n = strcspn(text, " ");
        if (n > 0)
            fprintf(w->out, "type:%.*s ", (int)n, text);
        text += n;
        for (; *text == ' '; text++)
            fputs("space ", w->out);
    }
}

static void write_change(struct writer *w, int slot, int field, const struct scenario *to) {
    char value[MODEL_REF_LEN > VALUE_LEN ? MODEL_REF_LEN : VALUE_LEN];
    const struct field *f = &scenario_fields[field];
    if (w->slot != slot)
        fputs("b ", w->out);
    w->slot = slot;
    go_to(w, field);
    scenario_print(to, f, value);
    if (scenario_is_default(to, f) || !*value) {
        fputs("R ", w->out);
        return;
    }
    fputs("enter ", w->out);
    type_text(w, value);
    fputs("enter ", w->out);
}

static bool differs(const struct scenario *a, const struct scenario *b, const struct field *f) {
    char x[MODEL_REF_LEN > VALUE_LEN ? MODEL_REF_LEN : VALUE_LEN], y[sizeof x];
    return scenario_is_default(a, f) != scenario_is_default(b, f) ||
           strcmp(scenario_print(a, f, x), scenario_print(b, f, y)) != 0;
}

static int write_changes(struct writer *w, const struct scenario from[SLOT_COUNT],
                         const struct scenario to[SLOT_COUNT]) {
    int n = 0;
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        for (int i = 0; i < FIELD_COUNT; i++)
            if (differs(&from[slot], &to[slot], &scenario_fields[i])) {
                write_change(w, slot, i, &to[slot]);
                n++;
            }
    return n;
}

/* The first fields that differ, by name: their values are put in when the caption is shown. */
static void write_caption(const struct writer *w, const struct scenario from[SLOT_COUNT],
                          const struct scenario to[SLOT_COUNT]) {
    int n = 0;
    fputs("caption:\"", w->out);
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        for (const struct field *f = scenario_fields; f < scenario_fields + FIELD_COUNT; f++)
            if (differs(&from[slot], &to[slot], f) && n++ < 3)
                fprintf(w->out, "%s%c: %s {%c.%s}", n > 1 ? ", " : "", 'A' + slot, f->label, 'A' + slot,
                        f->id);
    fputs(n > 3 ? " and more\" pause:2\n" : "\" pause:2\n", w->out);
}

void tui_write_tour(FILE *out, const struct scenario from[SLOT_COUNT],
                    const struct scenario (*state)[SLOT_COUNT], size_t n) {
    struct writer w = {out, SLOT_A, F_BATCH};
    const struct scenario *before = from;
    fputs("# A session as a tour: the captions are yours to write. Play it with: moescope play FILE\n", out);
    for (size_t i = 0; i < n; i++) {
        if (write_changes(&w, before, state[i]) > 0)
            write_caption(&w, before, state[i]);
        before = state[i];
    }
}
