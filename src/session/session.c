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

/* A new state: as the last one, but for one slot. */
static void session_add_state(struct session *s, int slot, size_t scenario) {
    s->state = xgrow(s->state, s->n_states, &s->state_room, sizeof *s->state);
    struct state *next = &s->state[s->n_states];
    *next = s->state[s->n_states - 1];
    next->time = session_now();
    next->slot[slot] = scenario;
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

void session_edit(struct session *s, int slot, const struct scenario *next) {
    if (scenario_equal(session_scenario(s, slot), next))
        return;
    s->edit = xgrow(s->edit, s->applied, &s->edit_room, sizeof *s->edit);
    struct edit *e = &s->edit[s->applied++];
    s->n_edits = s->applied;
    e->slot = slot;
    e->before = s->state[s->n_states - 1].slot[slot];
    e->after = session_add_scenario(s, next);
    session_add_state(s, slot, e->after);
}

int session_undo(struct session *s) {
    if (s->applied == 0)
        return -1;
    const struct edit *e = &s->edit[--s->applied];
    session_add_state(s, e->slot, e->before);
    return e->slot;
}

int session_redo(struct session *s) {
    if (s->applied == s->n_edits)
        return -1;
    const struct edit *e = &s->edit[s->applied++];
    session_add_state(s, e->slot, e->after);
    return e->slot;
}

size_t session_state_count(const struct session *s) {
    return s->n_states;
}

bool session_dirty(const struct session *s) {
    return s->n_states > s->n_saved;
}
