/* What the user did: two scenario slots, their history, the journal. No screen, no physics of its own. */
#ifndef MOESCOPE_SESSION_SESSION_H
#define MOESCOPE_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "core/estimate.h"
#include "core/scenario.h"

enum { SLOT_A, SLOT_B, SLOT_COUNT };

struct session; /* opaque */

/* A new session on two scenarios: state 1. */
struct session *session_new(const struct scenario *a, const struct scenario *b);
void session_free(struct session *s); /* NULL is fine */

const struct scenario *session_scenario(const struct session *s, int slot);
/* The scenario of the slot at the session's start: what `r` goes back to. */
const struct scenario *session_origin(const struct session *s, int slot);

/* Puts a scenario into a slot as a new state; what was undone is forgotten. Nothing happens if it is equal. */
void session_edit(struct session *s, int slot, const struct scenario *next);

/* The same for both slots in one step. Returns the slots that changed, a bit each. */
unsigned session_edit_both(struct session *s, const struct scenario next[SLOT_COUNT]);

/* One state back or forth. Returns the slots that changed, a bit each; 0 when there is nothing to undo or redo. */
unsigned session_undo(struct session *s);
unsigned session_redo(struct session *s);

size_t session_state_count(const struct session *s); /* states seen so far, undos included: each step is a state */
bool session_dirty(const struct session *s);         /* states since the last export or journal write */

/* The session file: `state,time,slot`, every scenario field with its value, every estimate field, then `defaults`, the
 * names of the fields that follow their default. One row per slot and state. A valid `eval --scenarios` input. */
void session_write_header(FILE *out);
/* Writes to a temporary beside `path`, then renames. Refuses to replace an existing file unless `replace`. */
bool session_export(struct session *s, struct catalog *c, struct load_cache *cache, const char *path, bool replace,
                    char *err);

/* Appends every state from now on to `path`, flushed at each state, both slots of the present state first. A file that is
 * there already must be a session file; its states go on counting. A file that another session journals to is refused. */
bool session_journal(struct session *s, struct catalog *c, const char *path, char *err);
/* Writes what is new to the journal, if there is one. False with err when the disk says no. */
bool session_journal_flush(struct session *s, struct catalog *c, struct load_cache *cache, char *err);

/* Every state of a session file in its order, both slots of each; a file with a bad row gets no visit at all. */
typedef void session_visit(const struct scenario state[SLOT_COUNT], void *user);
bool session_read_states(const char *path, struct catalog *c, session_visit *visit, void *user, char *err);

/* The last state of a session file: the scenarios of both slots. Every row is checked. */
bool session_load(const char *path, struct catalog *c, struct scenario out[SLOT_COUNT], char *err);

#endif
