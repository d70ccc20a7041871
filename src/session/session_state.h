/* The inside of a session, shared by the history (session.c) and the files (session_file.c,
 * session_journal.c). */
#ifndef MOESCOPE_SESSION_SESSION_STATE_H
#define MOESCOPE_SESSION_SESSION_STATE_H

#include <stdio.h>
#include <time.h>

#include "session/session.h"

/* What both slots held at one moment: indices into `scenario`, so that undoing costs no copy. */
struct state {
    time_t time;
    size_t slot[SLOT_COUNT];
};

/* One undoable edit, of one slot or both: indices into `scenario`. */
struct edit {
    size_t before[SLOT_COUNT], after[SLOT_COUNT];
};

struct session {
    struct scenario *scenario; /* every scenario seen, in the order of the edits; 0 and 1 are the origin */
    size_t n_scenarios, scenario_room;
    struct state *state;
    size_t n_states, state_room;
    struct edit *edit;
    size_t n_edits, edit_room;
    size_t applied; /* edits in force; those behind it can be redone */

    size_t n_saved; /* states that a file has seen */

    char *journal_path;   /* NULL: no journal */
    int journal;          /* its descriptor */
    size_t journal_next;  /* first state that it lacks */
    size_t journal_count; /* states that stood in it before ours */
};

/* Rows of both slots at state i; the column `state` shows `number`. False when a scenario no longer resolves.
 */
bool session_write_state(const struct session *s, size_t i, size_t number, struct catalog *c,
                         struct load_cache *cache, FILE *out, char *err);

/* What a pass over a session file found. */
struct session_scan {
    struct catalog *catalog;
    long last_state;
    bool seen[SLOT_COUNT];
    struct scenario scenario[SLOT_COUNT]; /* of the last row of each slot, values as written */
    bool defaulted[SLOT_COUNT][FIELD_COUNT];
    session_visit *visit; /* told of each state when both its rows have been read; or NULL */
    void *user;
};

/* Reads and checks a session file from its beginning. */
bool session_scan_file(FILE *in, const char *path, struct catalog *c, struct session_scan *scan, char *err);

#endif
