/* The history of both slots: states, undo, redo. */
#include "session/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "session/session_state.h"
#include "session/xalloc.h"

/* The time that goes into a session file. SOURCE_DATE_EPOCH (seconds since 1970) stands in for the clock, so
 * that tests and reproducible documents get the same bytes each time. */
static time_t session_now(void) {
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    long long seconds = fixed ? strtoll(fixed, &end, 10) : 0;
    if (fixed && end != fixed && *end == '\0' && seconds >= 0)
        return (time_t)seconds;
    return time(NULL);
}

static size_t session_add_scenario(struct session *s, const struct scenario *next) {
    struct scenario copy = *next; /* it may live in the array that is about to move */
    s->scenario = xgrow(s->scenario, s->n_scenarios, &s->scenario_room, sizeof *s->scenario);
    s->scenario[s->n_scenarios] = copy;
    return s->n_scenarios++;
}

/* A new state, which holds these scenarios. */
static void session_add_state(struct session *s, const size_t slot[SLOT_COUNT]) {
    s->state = xgrow(s->state, s->n_states, &s->state_room, sizeof *s->state);
    struct state *next = &s->state[s->n_states];
    next->time = session_now();
    for (int i = 0; i < SLOT_COUNT; i++)
        next->slot[i] = slot[i];
    s->n_states++;
}

struct session *session_new(const struct scenario *a, const struct scenario *b) {
    struct session *s = xcalloc(1, sizeof *s);
    s->state = xgrow(NULL, 0, &s->state_room, sizeof *s->state);
    s->state[0].time = session_now();
    s->state[0].slot[SLOT_A] = session_add_scenario(s, a);
    s->state[0].slot[SLOT_B] = session_add_scenario(s, b);
    s->n_states = 1;
    s->n_saved = 1; /* an untouched session has nothing to lose */
    return s;
}

void session_free(struct session *s) {
    if (!s)
        return;
    if (s->journal_path)
        close(s->journal);
    free(s->journal_path);
    free(s->scenario);
    free(s->state);
    free(s->edit);
    free(s);
}

const struct scenario *session_scenario(const struct session *s, int slot) {
    return &s->scenario[s->state[s->n_states - 1].slot[slot]];
}

const struct scenario *session_origin(const struct session *s, int slot) {
    return &s->scenario[s->state[0].slot[slot]];
}

unsigned session_edit_both(struct session *s, const struct scenario next[SLOT_COUNT]) {
    unsigned changed = 0;
    for (int i = 0; i < SLOT_COUNT; i++)
        if (!scenario_equal(session_scenario(s, i), &next[i]))
            changed |= 1u << i;
    if (!changed)
        return 0;
    s->edit = xgrow(s->edit, s->applied, &s->edit_room, sizeof *s->edit);
    struct edit *e = &s->edit[s->applied++];
    s->n_edits = s->applied;
    for (int i = 0; i < SLOT_COUNT; i++) {
        e->before[i] = e->after[i] = s->state[s->n_states - 1].slot[i];
        if (changed & 1u << i)
            e->after[i] = session_add_scenario(s, &next[i]);
    }
    session_add_state(s, e->after);
    return changed;
}

void session_edit(struct session *s, int slot, const struct scenario *next) {
    struct scenario both[SLOT_COUNT] = {*session_scenario(s, SLOT_A), *session_scenario(s, SLOT_B)};
    both[slot] = *next;
    session_edit_both(s, both);
}

static unsigned edit_slots(const struct edit *e) {
    unsigned slots = 0;
    for (int i = 0; i < SLOT_COUNT; i++)
        slots |= e->before[i] != e->after[i] ? 1u << i : 0;
    return slots;
}

unsigned session_undo(struct session *s) {
    if (s->applied == 0)
        return 0;
    const struct edit *e = &s->edit[--s->applied];
    session_add_state(s, e->before);
    return edit_slots(e);
}

unsigned session_redo(struct session *s) {
    if (s->applied == s->n_edits)
        return 0;
    const struct edit *e = &s->edit[s->applied++];
    session_add_state(s, e->after);
    return edit_slots(e);
}

size_t session_state_count(const struct session *s) {
    return s->n_states;
}

bool session_dirty(const struct session *s) {
    return s->n_states > s->n_saved;
}
