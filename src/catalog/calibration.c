#include "catalog/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/number.h"
#include "catalog/schema.h"

#define AT(member) offsetof(struct calibration, member)
#define OP(name, class)                                                                                      \
    {name ".t0_us", "us", AT(op[class].t0_s), 1e-6, 0, 1e6},                                                 \
        {name ".mem_eff", "1", AT(op[class].mem_eff), 1, 0.001, 1.2}, {                                      \
        name ".compute_eff", "1", AT(op[class].compute_eff), 1, 0.001, 1.2                                   \
    }

/* Efficiencies may pass 1 a little: weights that stay in the L2 stream faster than DRAM. */
static const struct {
    const char *name, *unit; /* unit as the file has it */
    size_t offset;
    double scale; /* to SI */
    double min, max;
} constants[] = {
    OP("gemm", CLASS_GEMM),
    OP("attention_prefill", CLASS_ATTENTION_PREFILL),
    OP("attention_decode", CLASS_ATTENTION_DECODE),
    OP("experts", CLASS_EXPERTS),
    OP("elementwise", CLASS_ELEMENTWISE),
    {"skew_share", "1", AT(skew_share), 1, 0, 2},
    {"allreduce_engine.t0_us", "us", AT(allreduce_engine_t0_s), 1e-6, 0, 1e6},
    {"allreduce_engine.eff", "1", AT(allreduce_engine_eff), 1, 0.001, 1.2},
    {"collective.alpha_us", "us", AT(collective_alpha_s), 1e-6, 0, 1e6},
    {"collective.eff", "1", AT(collective_eff), 1, 0.001, 1.2},
    {"alltoall.t0_us", "us", AT(alltoall_t0_s), 1e-6, 0, 1e6},
    {"alltoall.eff", "1", AT(alltoall_eff), 1, 0.001, 1.2},
    {"dispatch_bytes", "byte", AT(dispatch_bytes), 1, 0.1, 8},
    {"p2p.t0_us", "us", AT(p2p_t0_s), 1e-6, 0, 1e6},
    {"host_step_us", "us", AT(host_step_s), 1e-6, 0, 1e7},
    {"host_request_ms", "ms", AT(host_request_s), 1e-3, 0, 1e5},
    {"runtime_gib", "GiB", AT(runtime_bytes), 1073741824.0, 0, 1000},
    {"collective_gib", "GiB", AT(collective_bytes), 1073741824.0, 0, 1000},
    {"activation_coef", "1", AT(activation_coef), 1, 0, 1000},
    {"chunk_tokens", "token", AT(chunk_tokens), 1, 1, 1e7},
    {"reserve_share", "1", AT(reserve_share), 1, 0, 0.9},
    {"idle_share", "1", AT(idle_share), 1, 0, 1},
    {"mem_power_share", "1", AT(mem_power_share), 1, 0, 1},
    {"compute_power_share", "1", AT(compute_power_share), 1, 0, 1},
};

#undef AT
#undef OP

enum { CONSTANT_COUNT = sizeof constants / sizeof *constants };

static bool read_scope(const struct catalog *c, const struct csv_row *csv, char *scope, char *err) {
    const char *cell = csv_cell(csv, "scope");
    bool known = cell && strcmp(cell, "*") == 0;

    for (size_t i = 0; cell && i < catalog_gpu_count(c) && !known; i++) {
        const struct gpu *g = catalog_gpu_at(c, i);
        known = strcmp(cell, g->id) == 0 || strcmp(cell, g->family) == 0;
    }
    if (!known)
        return schema_refuse(csv, "scope", "*, a family of gpus.csv, or the id of a GPU", err);
    snprintf(scope, ID_LEN, "%s", cell);
    return true;
}

static bool read_constant(const struct csv_row *csv, size_t *constant, char *err) {
    const char *cell = csv_cell(csv, "constant");

    for (*constant = 0; cell && *constant < CONSTANT_COUNT; ++*constant)
        if (strcmp(cell, constants[*constant].name) == 0)
            return true;
    return schema_refuse(csv, "constant",
                         "a constant's name, as in the calibration.csv that comes with moescope", err);
}

static bool read_value(const struct csv_row *csv, size_t constant, double *value, char *err) {
    const char *cell = csv_cell(csv, "value"), *unit = csv_cell(csv, "unit");
    char allowed[VALUE_LEN], low[32], high[32];

    if (!unit || strcmp(unit, constants[constant].unit) != 0)
        return schema_refuse(csv, "unit", constants[constant].unit, err);
    if (cell && number_read(cell, value) && *value >= constants[constant].min &&
        *value <= constants[constant].max) {
        *value *= constants[constant].scale;
        return true;
    }
    snprintf(allowed, sizeof allowed, "a number from %s to %s (%s)",
             number_print(constants[constant].min, low), number_print(constants[constant].max, high),
             constants[constant].unit);
    return schema_refuse(csv, "value", allowed, err);
}

static bool read_origin(const struct csv_row *csv, enum origin *origin, char *err) {
    static const char *const words[] = {"measured", "fitted", "datasheet",
                                        "assumed"}; /* order of enum origin */
    const char *cell = csv_cell(csv, "origin");

    for (int i = 0; cell && i < 4; i++)
        if (strcmp(cell, words[i]) == 0) {
            *origin = (enum origin)i;
            return true;
        }
    return schema_refuse(csv, "origin", "measured, fitted, datasheet or assumed", err);
}

static struct constant_row *find_row(const struct catalog *c, const char *scope, size_t constant) {
    for (size_t i = 0; i < c->n_constants; i++)
        if (c->constants[i].constant == constant && strcmp(c->constants[i].scope, scope) == 0)
            return &c->constants[i];
    return NULL;
}

bool calibration_read_row(struct catalog *c, const struct csv_row *csv, unsigned layer, char *err) {
    struct constant_row row = {.layer = layer};
    const char *source = csv_cell(csv, "source");

    if (!read_scope(c, csv, row.scope, err) || !read_constant(csv, &row.constant, err) ||
        !read_value(csv, row.constant, &row.value, err) || !read_origin(csv, &row.origin, err))
        return false;
    if (!source || *source == '\0')
        return schema_refuse(csv, "source", "any text, but not empty", err);
    struct constant_row *old = find_row(c, row.scope, row.constant);
    if (old && old->layer == layer)
        return schema_refuse(csv, "constant", "each constant once per scope in a file", err);
    if (!old) {
        if (c->n_constants == c->constants_room) {
            c->constants_room = c->constants_room ? 2 * c->constants_room : 64;
            c->constants = store_resize(c->constants, c->constants_room, sizeof *c->constants);
        }
        old = &c->constants[c->n_constants++];
    }
    *old = row;
    return true;
}

/* The constants for a GPU: the row of its id, else of its family, else of "*". gpu may be NULL. */
static void settle_one(const struct catalog *c, const struct gpu *gpu, struct calibration *out) {
    out->origin = ORIGIN_MEASURED;
    for (size_t i = 0; i < CONSTANT_COUNT; i++) {
        const struct constant_row *row = gpu ? find_row(c, gpu->id, i) : NULL;
        if (!row && gpu)
            row = find_row(c, gpu->family, i);
        if (!row)
            row = find_row(c, "*", i);
        *(double *)((char *)out + constants[i].offset) = row->value;
        if (row->origin > out->origin)
            out->origin = row->origin;
    }
}

bool calibration_settle(struct catalog *c, const char *file, char *err) {
    for (size_t i = 0; i < CONSTANT_COUNT; i++)
        if (!find_row(c, "*", i)) {
            snprintf(err, ERROR_LEN, "%.300s: the constant '%s' has no row with scope '*'; add one", file,
                     constants[i].name);
            return false;
        }
    settle_one(c, NULL, &c->general);
    c->calibrated = store_resize(NULL, c->gpus.count, sizeof *c->calibrated);
    for (size_t i = 0; i < c->gpus.count; i++)
        settle_one(c, catalog_gpu_at(c, i), &c->calibrated[i]);
    return true;
}
