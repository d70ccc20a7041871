#include "catalog/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/number.h"
#include "catalog/schema.h"

static const struct constant_info bounds[CONSTANT_BOUNDS] = {
    {"p10", "1", 0.01, 1.5, 0, "10th percentile of measured / predicted"},
    {"p90", "1", 0.5, 100, 0, "90th percentile of measured / predicted"},
};

static const struct constant_info *constant_at(enum calibration_class class, int i) {
    const struct class_info *info = &calibration_classes[class];
    return i < info->n ? &info->constant[i] : &bounds[i - info->n];
}

/* --- scopes -------------------------------------------------------------------------------------- */

/* A link's family: its id up to the first digit or dash ("nvlink", "pcie", "ib"). */
static void link_family(const char *id, char *family) {
    size_t n = strcspn(id, "0123456789-");
    snprintf(family, ID_LEN, "%.*s", (int)n, id);
}

static bool is_gpu_scope(const struct catalog *c, const char *scope) {
    for (size_t i = 0; i < catalog_gpu_count(c); i++) {
        const struct gpu *g = catalog_gpu_at(c, i);
        if (strcmp(scope, g->id) == 0 || strcmp(scope, g->family) == 0)
            return true;
    }
    return false;
}

/* Family and clock of the GPU that a row is for; "" and the common clock when its scope names none. */
static void find_gpu(const struct catalog *c, struct constant_row *row) {
    const size_t i = store_find(&c->gpus, row->source.scope);
    const struct gpu *g = i < c->gpus.count ? catalog_gpu_at(c, i) : NULL;
    snprintf(row->family, ID_LEN, "%s", g ? g->family : "");
    row->source.clock = g ? g->clock : calibration_clock;
}

static bool is_link_scope(const struct catalog *c, const char *scope) {
    char family[ID_LEN];
    for (size_t i = 0; i < catalog_link_count(c); i++) {
        link_family(catalog_link_at(c, i)->id, family);
        if (strcmp(scope, catalog_link_at(c, i)->id) == 0 || strcmp(scope, family) == 0)
            return true;
    }
    return false;
}

/* "vllm", or "vllm@hopper" and "vllm@h100-sxm" for what differs there. */
static bool is_engine_scope(const struct catalog *c, const char *scope) {
    size_t n = strcspn(scope, "@");
    for (int i = 0; scenario_fields[F_ENGINE].fixed[i]; i++) {
        const char *engine = scenario_fields[F_ENGINE].fixed[i];
        if (strlen(engine) == n && strncmp(scope, engine, n) == 0)
            return scope[n] == '\0' || is_gpu_scope(c, scope + n + 1);
    }
    return false;
}

static bool read_scope(const struct catalog *c, const struct csv_row *csv, enum calibration_class class, char *scope,
                       char *err) {
    static const struct {
        bool (*known)(const struct catalog *, const char *);
        const char *allowed;
    } kinds[] = {
        [SCOPE_GPU] = {is_gpu_scope, "*, a family of gpus.csv, or the id of a GPU"},
        [SCOPE_LINK] = {is_link_scope, "*, the id of a link, or its beginning up to the first digit"},
        [SCOPE_ENGINE] = {is_engine_scope, "*, an engine, or engine@family or engine@gpu"},
    };
    const char *cell = csv_cell(csv, "scope");
    enum class_scope kind = calibration_classes[class].scope;
    if (!cell || (strcmp(cell, "*") != 0 && !kinds[kind].known(c, cell)))
        return schema_refuse(csv, "scope", kinds[kind].allowed, err);
    snprintf(scope, ID_LEN, "%s", cell);
    return true;
}

/* --- rows ---------------------------------------------------------------------------------------- */

static bool read_class(const struct csv_row *csv, enum calibration_class *class, char *err) {
    const char *cell = csv_cell(csv, "class");
    for (int i = 0; cell && i < CAL_COUNT; i++)
        if (strcmp(cell, calibration_classes[i].id) == 0) {
            *class = (enum calibration_class)i;
            return true;
        }
    return schema_refuse(csv, "class", "a class as in the calibration.csv that comes with moescope", err);
}

static bool read_constant(const struct csv_row *csv, enum calibration_class class, int *constant, char *err) {
    const char *cell = csv_cell(csv, "constant");
    char allowed[VALUE_LEN];
    size_t used = 0;
    for (*constant = 0; cell && *constant < calibration_classes[class].n + CONSTANT_BOUNDS; ++*constant) {
        const char *name = constant_at(class, *constant)->name;
        if (strcmp(cell, name) == 0)
            return true;
        if (used < sizeof allowed)
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s", used ? ", " : "", name);
    }
    return schema_refuse(csv, "constant", used ? allowed : "a constant of the class", err);
}

static bool read_value(const struct csv_row *csv, const struct constant_info *info, double *value, char *err) {
    const char *cell = csv_cell(csv, "value"), *unit = csv_cell(csv, "unit");
    char allowed[VALUE_LEN], low[32], high[32];

    if (!unit || strcmp(unit, info->unit) != 0)
        return schema_refuse(csv, "unit", info->unit, err);
    if (cell && number_read(cell, value) && *value >= info->low && *value <= info->high)
        return true;
    snprintf(allowed, sizeof allowed, "a number from %s to %s (%s)", number_print(info->low, low),
             number_print(info->high, high), info->unit);
    return schema_refuse(csv, "value", allowed, err);
}

static bool read_origin(const struct csv_row *csv, enum origin *origin, char *err) {
    static const char *const words[] = {"measured", "fitted", "datasheet", "assumed"}; /* order of enum origin */
    const char *cell = csv_cell(csv, "origin");

    for (int i = 0; cell && i < 4; i++)
        if (strcmp(cell, words[i]) == 0) {
            *origin = (enum origin)i;
            return true;
        }
    return schema_refuse(csv, "origin", "measured, fitted, datasheet or assumed", err);
}

/* What is only shown: a cell that is no number is not named. */
static double optional_number(const struct csv_row *csv, const char *name) {
    const char *cell = csv_cell(csv, name);
    double value;
    return cell && number_read(cell, &value) ? value : NAN;
}

/* Rows of one source follow one another: its text is kept once. */
static void keep_source(struct catalog *c, const struct csv_row *csv, const char *text, struct constant_source *out) {
    const char *last = c->n_constants ? c->constants[c->n_constants - 1].source.text : "";
    out->residual = optional_number(csv, "residual");
    out->rows = optional_number(csv, "rows");
    out->text = strcmp(last, text) == 0 ? last : store_keep(c, text);
}

static struct constant_row *find_row(const struct catalog *c, const struct constant_row *like) {
    for (size_t i = 0; i < c->n_constants; i++) {
        struct constant_row *row = &c->constants[i];
        if (row->class == like->class && row->constant == like->constant &&
            strcmp(row->source.scope, like->source.scope) == 0)
            return row;
    }
    return NULL;
}

bool calibration_parse_row(struct catalog *c, const struct csv_row *csv, struct constant_row *out, char *err) {
    struct constant_row row = {.layer = out->layer};
    const char *source = csv_cell(csv, "source");

    if (!read_class(csv, &row.class, err) || !read_scope(c, csv, row.class, row.source.scope, err) ||
        !read_constant(csv, row.class, &row.constant, err) ||
        !read_value(csv, constant_at(row.class, row.constant), &row.value, err) || !read_origin(csv, &row.origin, err))
        return false;
    if (!source || *source == '\0')
        return schema_refuse(csv, "source", "any text, but not empty", err);
    if (calibration_classes[row.class].scope == SCOPE_GPU)
        find_gpu(c, &row);
    keep_source(c, csv, source, &row.source);
    *out = row;
    return true;
}

bool calibration_read_row(struct catalog *c, const struct csv_row *csv, unsigned layer, char *err) {
    struct constant_row row = {.layer = layer};

    if (!calibration_parse_row(c, csv, &row, err))
        return false;
    struct constant_row *old = find_row(c, &row);
    if (old && old->layer == layer)
        return schema_refuse(csv, "constant", "each constant once per scope and class in a file", err);
    if (!old) {
        if (c->n_constants == c->constants_room) {
            c->constants_room = c->constants_room ? 2 * c->constants_room : 256;
            c->constants = store_resize(c->constants, c->constants_room, sizeof *c->constants);
        }
        old = &c->constants[c->n_constants++];
    }
    *old = row;
    return true;
}

/* --- from rows to values --------------------------------------------------------------------------- */

/* How near the thing is that a row was made for. */
enum nearness { NEAR_OWN, NEAR_FAMILY, NEAR_FOREIGN };

static void clear(struct calibration *out) {
    memset(out, 0, sizeof *out);
    for (int i = 0; i < CAL_COUNT; i++)
        out->of[i].lo = out->of[i].hi = NAN;
}

/* Takes a row's constant for a GPU of this clock (NAN: a link, an engine, any GPU). */
static void take(const struct constant_row *row, double clock, enum nearness near, struct class_values *out) {
    int n = calibration_classes[row->class].n;
    out->source[row->constant] = &row->source;
    if (row->constant == n) {
        out->lo = row->value;
    } else if (row->constant == n + 1) {
        out->hi = row->value;
    } else {
        out->value[row->constant] = calibration_at_clock(row->class, row->constant, row->value, row->source.clock, clock);
        out->constant_origin[row->constant] = row->origin;
        out->origin = ORIGIN_MEASURED;
        for (int i = 0; i < n; i++)
            if (out->constant_origin[i] > out->origin)
                out->origin = out->constant_origin[i];
        out->inherited = near != NEAR_OWN;
        out->foreign = near == NEAR_FOREIGN;
    }
}

/* Whether a row speaks for this scope: its own name, or the beginning of a link's id ("nvlink5" for nvlink5-nvl72). */
static bool speaks_for(const struct constant_row *row, enum class_scope kind, const char *scope) {
    size_t n = strlen(row->source.scope);
    if (strcmp(row->source.scope, scope) == 0)
        return true;
    return kind == SCOPE_LINK && strncmp(row->source.scope, scope, n) == 0 && scope[n] == '-';
}

/* Lays the rows of a scope over what is there: scopes come from the general to the particular. */
static void settle(const struct catalog *c, enum class_scope kind, const char *scope, double clock, enum nearness near,
                   struct calibration *out) {
    for (size_t i = 0; i < c->n_constants; i++) {
        const struct constant_row *row = &c->constants[i];
        if (calibration_classes[row->class].scope == kind && speaks_for(row, kind, scope))
            take(row, clock, near, &out->of[row->class]);
    }
}

/* The same with the rows of the GPUs of a family. */
static void settle_relatives(const struct catalog *c, const char *family, double clock, enum nearness near,
                             struct calibration *out) {
    for (size_t i = 0; i < c->n_constants; i++) {
        const struct constant_row *row = &c->constants[i];
        if (calibration_classes[row->class].scope == SCOPE_GPU && *family && strcmp(row->family, family) == 0)
            take(row, clock, near, &out->of[row->class]);
    }
}

/* The rows measured here, of this very GPU. */
static void settle_measured(const struct catalog *c, const struct gpu *g, struct calibration *out) {
    for (size_t i = 0; c->use_measured && i < c->n_measured; i++)
        if (strcmp(c->measured[i].source.scope, g->id) == 0)
            take(&c->measured[i], g->clock, NEAR_OWN, &out->of[c->measured[i].class]);
}

/* All GPUs, kin, the GPUs of the family, the family itself, the GPU. */
void catalog_default_calibration(const struct catalog *c, const struct gpu *g, struct calibration *out) {
    clear(out);
    settle(c, SCOPE_GPU, "*", g->clock, NEAR_FOREIGN, out);
    settle_relatives(c, g->kin, g->clock, NEAR_FOREIGN, out);
    settle_relatives(c, g->family, g->clock, NEAR_FAMILY, out);
    settle(c, SCOPE_GPU, g->family, g->clock, NEAR_FAMILY, out);
    settle(c, SCOPE_GPU, g->id, g->clock, NEAR_OWN, out);
}

static void settle_link(const struct catalog *c, const struct link *l, struct calibration *out) {
    char family[ID_LEN];
    link_family(l->id, family);
    settle(c, SCOPE_LINK, "*", NAN, NEAR_FOREIGN, out);
    settle(c, SCOPE_LINK, family, NAN, NEAR_FAMILY, out);
    settle(c, SCOPE_LINK, l->id, NAN, NEAR_OWN, out);
}

static bool check_complete(const struct catalog *c, const char *file, char *err) {
    for (int class = 0; class < CAL_COUNT; class++)
        for (int i = 0; i < calibration_classes[class].n; i++) {
            struct constant_row like = {.source.scope = "*", .class = (enum calibration_class)class, .constant = i};
            if (!find_row(c, &like)) {
                snprintf(err, ERROR_LEN, "%.300s: the constant '%s' of class '%s' has no row with scope '*'; add one",
                         file, constant_at(like.class, i)->name, calibration_classes[class].id);
                return false;
            }
        }
    return true;
}

void calibration_settle_gpus(struct catalog *c) {
    for (size_t i = 0; i < c->gpus.count; i++) {
        catalog_default_calibration(c, catalog_gpu_at(c, i), &c->calibrated[i]);
        settle_measured(c, catalog_gpu_at(c, i), &c->calibrated[i]);
    }
}

bool calibration_settle(struct catalog *c, const char *file, char *err) {
    if (!check_complete(c, file, err))
        return false;
    clear(&c->general);
    settle(c, SCOPE_GPU, "*", NAN, NEAR_FOREIGN, &c->general);
    c->calibrated = store_resize(NULL, c->gpus.count + 1, sizeof *c->calibrated); /* and room for the host */
    calibration_settle_gpus(c);
    c->link_calibrated = store_resize(NULL, c->links.count, sizeof *c->link_calibrated);
    for (size_t i = 0; i < c->links.count; i++) {
        clear(&c->link_calibrated[i]);
        settle_link(c, catalog_link_at(c, i), &c->link_calibrated[i]);
    }
    return true;
}

/* Pools were measured with one model. With another they are no surer than the engine that they are made of. */
static void widen(enum calibration_class pool_class, enum calibration_class engine_class, struct calibration *out) {
    struct class_values *pool = &out->of[pool_class];
    const struct class_values *engine = &out->of[engine_class];
    int to = calibration_classes[pool_class].n, from = calibration_classes[engine_class].n;
    if (engine->lo < pool->lo)
        pool->source[to] = engine->source[from];
    if (engine->hi > pool->hi)
        pool->source[to + 1] = engine->source[from + 1];
    pool->lo = fmin(pool->lo, engine->lo);
    pool->hi = fmax(pool->hi, engine->hi);
}

void calibration_engine(const struct catalog *c, const char *engine, const struct gpu *gpu, struct calibration *out) {
    char by_family[2 * ID_LEN], by_gpu[2 * ID_LEN];
    snprintf(by_family, sizeof by_family, "%s@%s", engine, gpu->family);
    snprintf(by_gpu, sizeof by_gpu, "%s@%s", engine, gpu->id);
    clear(out);
    settle(c, SCOPE_ENGINE, "*", NAN, NEAR_FOREIGN, out);
    settle(c, SCOPE_ENGINE, engine, NAN, NEAR_FOREIGN, out);
    settle(c, SCOPE_ENGINE, by_family, NAN, NEAR_OWN, out); /* fitted on all of its GPUs at once: as near as engines come */
    settle(c, SCOPE_ENGINE, by_gpu, NAN, NEAR_OWN, out);
    widen(CAL_POOL_STEP, CAL_ENGINE, out);
    widen(CAL_POOL_FIRST, CAL_FIRST_TOKEN, out);
}
