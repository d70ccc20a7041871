#include "tui/study.h"

#include <stdlib.h>

#include "tui/ui_state.h"

/* The answer is what is shown from now on; the memory of the last one serves for the next. */
static void take_answer(struct study *s) {
    void *answer = s->next;
    s->next = s->shown;
    s->shown = answer;
    s->pending = false;
}

void study_begin(struct ui *u, int view) {
    const struct study_ops *ops = wide_ops[view]->study;
    struct study *s = &u->study[view];
    if (!u->worker)
        u->worker = worker_new();
    worker_stop(u->worker);
    if (!s->next)
        s->next = calloc(1, ops->size);
    s->pending = true;
    u->asked = s->next ? view : WIDE_NONE;
    if (!s->next)
        return;
    ops->ask(u, s->next);
    worker_start(u->worker, ops->work, s->next);
    if (worker_wait(u->worker, u->patience_ms))
        study_collect(u);
}

bool study_collect(struct ui *u) {
    int view = u->asked;
    if (!worker_wait(u->worker, 0))
        return false;
    worker_clear(u->worker);
    if (view == WIDE_NONE)
        return false;
    u->asked = WIDE_NONE;
    take_answer(&u->study[view]);
    if (wide_ops[view]->study->take)
        wide_ops[view]->study->take(u, u->study[view].shown);
    return view == (int)u->wide;
}

void study_free(struct study *s) {
    free(s->shown);
    free(s->next);
}
