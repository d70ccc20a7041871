/* What a view shows when that takes many estimates: asked when a scenario changes, answered by a worker. An answer that is
 * in at once is shown at once; until a later one is, the last one stays, dimmed. */
#ifndef MOESCOPE_TUI_STUDY_H
#define MOESCOPE_TUI_STUDY_H

#include <stdbool.h>
#include <stddef.h>

#include "explore/worker.h"

struct ui;

struct study_ops {
    size_t size;                                  /* of the job, which is the answer when it is done */
    void (*ask)(const struct ui *u, void *job); /* takes what the job needs to know */
    work_fn *work;
    void (*take)(const struct ui *u, void *answer); /* before it is shown; NULL: as it is */
};

struct study {
    void *shown; /* the last answer; NULL: none yet */
    void *next;  /* the job that is being worked on, or spare; NULL: none was asked for, or memory is short */
    bool pending; /* the answer to the present scenarios is not in */
};

enum { STUDY_PATIENCE_MS = 4 }; /* how long a key waits for an answer before it is drawn without */

/* `view`: an enum wide_id whose table has a study. */
void study_begin(struct ui *u, int view);
/* Takes an answer that is in; false when there is none, or nobody looks at it. */
bool study_collect(struct ui *u);
void study_free(struct study *s);

#endif
