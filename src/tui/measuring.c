#include "tui/measuring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/ui_state.h"
#include "validate/profile.h"

static void update_all(struct ui *u) {
    ui_update(u, 1u << SLOT_A | 1u << SLOT_B);
    for (int i = 0; i < SLOT_COUNT; i++)
        u->view.slot[i].changed = false; /* no key has changed anything */
}

static void show(struct ui *u) {
    wide_show(u, WIDE_VALIDATION);
    if (u->mode == MODE_COLUMN)
        u->mode = MODE_WIDE;
}

static bool replace(struct ui *u) {
    validation_free(u->validation);
    u->validation = validation_new(u->catalog, ui_deployment(u));
    u->stored_tried = false;
    u->stored[0] = '\0';
    if (!u->validation)
        ui_say(u, true, "out of memory");
    return u->validation != NULL;
}

void measuring_start(struct ui *u) {
    char err[ERROR_LEN];
    if (u->validation && !validation_over(u->validation)) {
        show(u);
        return;
    }
    if (!u->measure.level) {
        ui_say(u, false, "v measures in the explorer at a terminal, and moescope validate without one");
        return;
    }
    if (!replace(u))
        return;
    show(u);
    if (validation_start(u->validation, ui_deployment(u), &u->measure, err))
        return;
    validation_free(u->validation);
    u->validation = NULL;
    ui_say(u, true, "%s", err);
}

void measuring_cancel(struct ui *u) {
    if (!u->validation || validation_over(u->validation)) {
        ui_say(u, false, "nothing is being measured");
        return;
    }
    validation_cancel(u->validation);
    u->wide_stale = true;
    ui_say(u, false, "measuring is cancelled; the constants stay as they were");
}

void measuring_compare(struct ui *u) {
    if (!u->laid) {
        ui_say(u, false, "nothing was measured here yet: v measures");
        return;
    }
    u->unlaid = !u->unlaid;
    catalog_use_measured(u->catalog, !u->unlaid);
    ui_update(u, 1u << SLOT_A | 1u << SLOT_B); /* values before and after, as of an edit */
    ui_say(u, false, "%s; c compares", u->unlaid ? "default constants" : "constants measured here");
}

/* --- while it runs --- */

bool measuring_status(const struct ui *u, char *buf, size_t size) {
    const struct validation *v = u->validation;
    if (!v || validation_over(v))
        return false;
    int exp = v->m.running;
    if (v->state == VALIDATION_ENDING)
        snprintf(buf, size, "the helper is being stopped");
    else if (v->stalled)
        snprintf(buf, size, "the helper has been silent for 3 s; x stops it");
    else if (exp >= 0)
        snprintf(buf, size, "measuring %s: %.0f of %.0f; x cancels", experiment_ids[exp],
                 isnan(v->m.experiment[exp].done) ? 0 : v->m.experiment[exp].done, v->m.experiment[exp].total);
    else
        snprintf(buf, size, "measuring; x cancels");
    return true;
}

/* A profile that this device has from before counts until the new one is there. */
static void try_stored(struct ui *u) {
    struct validation *v = u->validation;
    struct profile_head here;
    char path[PROFILE_PATH], err[ERROR_LEN];
    if (u->stored_tried || !v->has_process || !v->m.has_env || v->match == MATCH_NONE)
        return;
    u->stored_tried = true;
    profile_head_make(&v->model, &v->m, &here);
    FILE *there = profile_path(&here, path, sizeof path) ? fopen(path, "r") : NULL;
    if (!there)
        return;
    fclose(there);
    struct profile_head was;
    if (profile_lay(u->catalog, path, &here, &was, err)) {
        snprintf(u->stored, sizeof u->stored, "The profile of %s counts until this run ends.", was.date);
        u->laid = true;
        u->unlaid = false;
        update_all(u);
    } else {
        snprintf(u->stored, sizeof u->stored, "Not used: %.180s.", err);
    }
}

static bool is_in_view(const struct ui *u, const struct gpu *g) {
    for (int i = 0; i < SLOT_COUNT; i++)
        if (u->view.slot[i].deployment.gpu && strcmp(u->view.slot[i].deployment.gpu->id, g->id) == 0)
            return true;
    return false;
}

static void adopt(struct ui *u) {
    struct validation *v = u->validation;
    char path[PROFILE_PATH], err[ERROR_LEN];
    if (!validation_lay(v, err)) {
        ui_say(u, *v->message != '\0', "%s", *v->message ? v->message : err);
        return;
    }
    u->laid = true;
    u->unlaid = false;
    update_all(u);
    if (*v->message)
        ui_say(u, true, "%s", v->message);
    else if (v->has_process && !validation_save(v, path, sizeof path, err))
        ui_say(u, true, "measured, but %s", err);
    else
        ui_say(u, false, "measured: %d classes of constants are laid over those of %s; %s", validation_accepted(v),
               v->model.gpu.id, is_in_view(u, &v->model.gpu) ? "c compares" : "choose that GPU to see it");
}

static void conclude(struct ui *u) {
    if (u->validation->state == VALIDATION_DONE)
        adopt(u);
    else if (u->validation->state == VALIDATION_FAILED)
        ui_say(u, true, "%s", u->validation->message);
    else
        ui_say(u, false, "measuring was cancelled; the constants stay as they were");
    u->wide_stale = true;
}

/* --- what the loop asks for --- */

void ui_set_measure(struct ui *u, const struct validation_options *o) {
    u->measure = *o;
}

int ui_fds(const struct ui *u, int *fds) {
    return u->validation && !validation_over(u->validation) ? validation_fds(u->validation, fds) : 0;
}

int ui_wait_ms(const struct ui *u) {
    return u->validation ? validation_wait_ms(u->validation) : -1;
}

bool ui_poll(struct ui *u) {
    if (!u->validation || !validation_poll(u->validation))
        return false;
    u->wide_stale = true;
    try_stored(u);
    if (validation_over(u->validation))
        conclude(u);
    return true;
}

bool ui_feed(struct ui *u, const char *records, size_t n, bool end) {
    if (!u->validation || validation_over(u->validation) || u->validation->has_process)
        if (!replace(u))
            return false;
    show(u);
    validation_feed(u->validation, records, n);
    if (end || u->validation->m.ended || u->validation->state == VALIDATION_ENDING)
        validation_feed_end(u->validation);
    if (validation_over(u->validation))
        conclude(u);
    u->wide_stale = true;
    return true;
}
