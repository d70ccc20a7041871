/* Session files: CSV rows of both slots at every state; see moescope-presets(5). */
#include "session/session_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/csv.h"
#include "catalog/scenario_row.h"
#include "session/record.h"

static const char *const slot_names[SLOT_COUNT] = {"A", "B"};

/* --- writing ------------------------------------------------------------------------------------------- */

void session_write_header(FILE *out) {
    csv_write_cell(out, "state", true);
    csv_write_cell(out, "time", false);
    csv_write_cell(out, "slot", false);
    record_write_names(out, false);
    csv_write_cell(out, "defaults", false);
    csv_end_row(out);
}

static void write_defaults(FILE *out, const struct scenario *s) {
    char text[FIELD_COUNT * ID_LEN] = "";
    size_t used = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (scenario_is_default(s, &scenario_fields[i]))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "",
                                     scenario_fields[i].id);
    csv_write_cell(out, text, false);
}

bool session_write_state(const struct session *s, size_t i, size_t number, struct catalog *c,
                         struct load_cache *cache, FILE *out, char *err) {
    const struct state *state = &s->state[i];
    char count[24], when[32];
    struct tm utc;

    snprintf(count, sizeof count, "%zu", number);
    gmtime_r(&state->time, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        const struct scenario *scenario = &s->scenario[state->slot[slot]];
        struct deployment d;
        struct estimate e;
        if (!catalog_resolve(c, scenario, &d, err, NULL))
            return false;
        estimate(&d, cache, &e);
        csv_write_cell(out, count, true);
        csv_write_cell(out, when, false);
        csv_write_cell(out, slot_names[slot], false);
        record_write_cells(out, scenario, &d, &e, false);
        write_defaults(out, scenario);
        csv_end_row(out);
    }
    return true;
}

/* The file that a name stands for: symbolic links are followed, so that renaming replaces the file and not
 * the link. */
static bool export_target(const char *path, bool replace, char *target, char *err) {
    struct stat st;
    if (!realpath(path, target)) {
        if (errno != ENOENT || strlen(path) >= PATH_MAX) {
            snprintf(err, ERROR_LEN, "%.200s: cannot be written: %s", path, strerror(errno));
            return false;
        }
        strcpy(target, path);
        return true;
    }
    if (stat(target, &st) == 0 && !S_ISREG(st.st_mode)) {
        snprintf(err, ERROR_LEN, "%.200s: is no regular file; choose another name", path);
        return false;
    }
    if (!replace)
        snprintf(err, ERROR_LEN, "%.200s: exists already; choose another name", path);
    return replace;
}

/* mkstemp makes files that only their owner reads; an export is an ordinary file. */
static void export_set_mode(int fd) {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0)
        errno = 0; /* a file system without modes: the file is still good */
}

/* Puts the finished temporary in its place. Without `replace`, link() fails if the name was taken in the
 * meantime; file systems without links get a plain rename. */
static bool export_place(const char *temporary, const char *target, bool replace) {
    if (!replace && link(temporary, target) == 0)
        return unlink(temporary) == 0;
    if (!replace && errno == EEXIST)
        return false;
    return rename(temporary, target) == 0;
}

static bool export_states(struct session *s, struct catalog *c, struct load_cache *cache, FILE *out,
                          char *err) {
    session_write_header(out);
    for (size_t i = 0; i < s->n_states; i++)
        if (!session_write_state(s, i, i + 1, c, cache, out, err))
            return false;
    return true;
}

/* Writes, checks and closes the temporary; fd is closed in any case. */
static bool export_fill(struct session *s, struct catalog *c, struct load_cache *cache, int fd, char *err) {
    FILE *out = fdopen(fd, "w");
    if (!out) {
        close(fd);
        return false;
    }
    export_set_mode(fd);
    bool ok = export_states(s, c, cache, out, err) && fflush(out) == 0 && !ferror(out) && fsync(fd) == 0;
    int why = errno;
    if (fclose(out) != 0)
        return false;
    errno = why;
    return ok;
}

bool session_export(struct session *s, struct catalog *c, struct load_cache *cache, const char *path,
                    bool replace, char *err) {
    char target[PATH_MAX], temporary[PATH_MAX + 16];
    if (!export_target(path, replace, target, err))
        return false;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", target);
    err[0] = '\0';
    int fd = mkstemp(temporary);
    bool ok = fd >= 0 && export_fill(s, c, cache, fd, err) && export_place(temporary, target, replace);
    if (ok) {
        s->n_saved = s->n_states;
        return true;
    }
    if (err[0] == '\0')
        snprintf(err, ERROR_LEN, "%.200s: cannot be written: %s", path, strerror(errno));
    if (fd >= 0)
        unlink(temporary);
    return false;
}

/* --- reading ------------------------------------------------------------------------------------------- */

static bool scan_header(const struct csv_row *row, void *user, char *err) {
    static const char *const needed[] = {"state", "slot", "model"};
    (void)user;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        size_t k = 0;
        while (k < row->n_columns && strcmp(row->name[k], needed[i]) != 0)
            k++;
        if (k == row->n_columns) {
            snprintf(err, ERROR_LEN,
                     "%.200s:%ld: no column '%s', so this is not a session file (its header begins with "
                     "state,time,slot,model); scenarios without states go to 'moescope eval --scenarios'",
                     row->file, row->line, needed[i]);
            return false;
        }
    }
    return true;
}

static bool scan_bad(const struct csv_row *row, const char *column, const char *found, const char *allowed,
                     char *err) {
    snprintf(err, ERROR_LEN, "%.200s:%ld: %s: '%.60s' is not known; allowed: %s", row->file, row->line,
             column, found, allowed);
    return false;
}

static bool scan_state_number(const struct csv_row *row, struct session_scan *scan, char *err) {
    const char *cell = csv_cell(row, "state");
    char allowed[64], *end;
    errno = 0;
    long state = strtol(cell, &end, 10);
    if (end == cell || *end != '\0' || errno != 0 || state < 1 || state < scan->last_state) {
        snprintf(allowed, sizeof allowed, "%ld or more, whole number",
                 scan->last_state > 1 ? scan->last_state : 1L);
        return scan_bad(row, "state", cell, allowed, err);
    }
    scan->last_state = state;
    return true;
}

/* The names in the cell `defaults` become flags. */
static bool scan_defaults(const struct csv_row *row, bool defaulted[FIELD_COUNT], char *err) {
    const char *cell = csv_cell(row, "defaults");
    memset(defaulted, 0, FIELD_COUNT * sizeof *defaulted);
    while (cell && *(cell += strspn(cell, " "))) {
        char id[ID_LEN];
        size_t length = strcspn(cell, " ");
        snprintf(id, sizeof id, "%.*s", (int)(length < ID_LEN ? length : ID_LEN - 1), cell);
        const struct field *f = scenario_find_field(id);
        if (!f)
            return scan_bad(row, "defaults", id, "names of scenario fields (moescope help --fields)", err);
        defaulted[f - scenario_fields] = true;
        cell += length;
    }
    return true;
}

static void copy_field(struct scenario *to, const struct scenario *from, const struct field *f) {
    char text[MODEL_REF_LEN > VALUE_LEN ? MODEL_REF_LEN : VALUE_LEN], err[ERROR_LEN];
    scenario_parse(to, f, scenario_print(from, f, text), err); /* it was accepted before */
}

/* The first field whose default, in `next`, is not the value that `shown` has; NULL when all agree. */
static const struct field *find_moved_default(struct catalog *c, const struct scenario *shown,
                                              const struct scenario *next) {
    struct deployment want, have;
    char err[ERROR_LEN], a[VALUE_LEN], b[VALUE_LEN];
    if (!catalog_resolve(c, shown, &want, err, NULL) || !catalog_resolve(c, next, &have, err, NULL))
        return NULL;
    for (const struct field *f = scenario_fields; f < scenario_fields + FIELD_COUNT; f++) {
        bool restored = scenario_is_default(next, f) && !scenario_is_default(shown, f);
        if (restored &&
            strcmp(deployment_print(&want, shown, f, a), deployment_print(&have, next, f, b)) != 0)
            return f;
    }
    return NULL;
}

/* Lets the named fields follow their defaults again, but only where these still give the value that the file
 * shows: presets may have changed since. One at a time, as one field's default can hang on an earlier field.
 */
static void restore_defaults(struct catalog *c, struct scenario *s, const bool defaulted[FIELD_COUNT]) {
    const struct scenario shown = *s;
    const struct field *moved;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (defaulted[i])
            scenario_set_default(s, &scenario_fields[i]);
    while ((moved = find_moved_default(c, &shown, s)) != NULL)
        copy_field(s, &shown, moved);
}

/* The state as it was, the fields that followed their defaults included. */
static void scan_visit(const struct session_scan *scan) {
    struct scenario state[SLOT_COUNT];
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        state[slot] = scan->scenario[slot];
        restore_defaults(scan->catalog, &state[slot], scan->defaulted[slot]);
    }
    scan->visit(state, scan->user);
}

static bool scan_row(const struct csv_row *row, void *user, char *err) {
    struct session_scan *scan = user;
    struct deployment d;
    const char *name = csv_cell(row, "slot");
    int slot = 0;

    if (!scan_state_number(row, scan, err))
        return false;
    while (slot < SLOT_COUNT && strcmp(name, slot_names[slot]) != 0)
        slot++;
    if (slot == SLOT_COUNT)
        return scan_bad(row, "slot", name, "A or B", err);
    scan->seen[slot] = true;
    if (!scan_defaults(row, scan->defaulted[slot], err) ||
        !scenario_resolve_row(row, scan->catalog, &scan->scenario[slot], &d, err))
        return false;
    if (scan->visit && slot == SLOT_COUNT - 1 && scan->seen[SLOT_A])
        scan_visit(scan);
    return true;
}

bool session_scan_file(FILE *in, const char *path, struct catalog *c, struct session_scan *scan, char *err) {
    *scan = (struct session_scan){.catalog = c, .visit = scan->visit, .user = scan->user};
    return csv_read(in, path, scan_header, scan_row, scan, err);
}

static bool scan_path(const char *path, struct catalog *c, struct session_scan *scan, char *err) {
    FILE *in = fopen(path, "r");
    if (!in) {
        snprintf(err, ERROR_LEN, "%.200s: cannot be read: %s", path, strerror(errno));
        return false;
    }
    bool ok = session_scan_file(in, path, c, scan, err);
    fclose(in);
    return ok;
}

bool session_read_states(const char *path, struct catalog *c, session_visit *visit, void *user, char *err) {
    struct session_scan scan = {.visit = NULL};
    if (!scan_path(path, c, &scan, err)) /* a first pass, so that nothing is half told */
        return false;
    scan.visit = visit;
    scan.user = user;
    return scan_path(path, c, &scan, err);
}

bool session_load(const char *path, struct catalog *c, struct scenario out[SLOT_COUNT], char *err) {
    struct session_scan scan = {.visit = NULL};
    bool ok = scan_path(path, c, &scan, err);
    for (int slot = 0; ok && slot < SLOT_COUNT; slot++) {
        if (!scan.seen[slot]) {
            snprintf(err, ERROR_LEN, "%.200s: no row for slot %s; a session file has rows for A and for B",
                     path, slot_names[slot]);
            return false;
        }
        restore_defaults(c, &scan.scenario[slot], scan.defaulted[slot]);
        out[slot] = scan.scenario[slot];
    }
    return ok;
}
