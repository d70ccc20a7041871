#include "core/symbols.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/formula.h"
#include "core/interval.h"
#include "core/scenario.h"
#include "core/serving.h"
#include "core/step.h"
#include "core/symbol_table.h"

static const struct {
    const char *name, *unit, *meaning;
} sums[ROWS_COUNT] = {
    [ROWS_DECODE] = {"decode_rows_ms", "ms", "operators of the decode step"},
    [ROWS_PREFILL] = {"prefill_rows_ms", "ms", "operators of one prompt's prefill"},
    [ROWS_MIXED] = {"mixed_rows_ms", "ms", "operators of a decode step with a prefill inside"},
    [ROWS_PLAIN] = {"plain_rows_ms", "ms", "operators of a decode step without drafts"},
    [ROWS_BARE] = {"bare_rows_ms", "ms", "operators of the decode step without redundant experts"},
    [ROWS_PEAK] = {"peak_rows_ms", "ms", "FLOP of the decode step, at the datasheet's rates"},
    [ROWS_BYTES] = {"bytes_rows_gb", "GB", "memory traffic of the decode step"},
};

/* --- rows of operators ------------------------------------------------------------------------------------------------ */

const struct step *symbol_row_step(const struct estimate *e, enum symbol_rows rows) {
    switch (rows) {
    case ROWS_PREFILL:
        return &e->prefill;
    case ROWS_MIXED:
        return &e->mixed;
    case ROWS_PLAIN:
        return &e->plain;
    case ROWS_BARE:
        return &e->bare;
    default:
        return &e->decode;
    }
}

double symbol_row_value(const struct deployment *d, const struct estimate *e, enum symbol_rows rows, enum op_kind kind) {
    const struct op *op = &symbol_row_step(e, rows)->op[kind];
    if (rows == ROWS_PEAK)
        return op->calls * op->flop / serving_rate(d, kind) * 1e3;
    return rows == ROWS_BYTES ? op->calls * op->bytes / 1e9 : op->calls * op->seconds * 1e3;
}

/* What the estimate holds for the whole sum. */
static double held_sum(const struct estimate *e, enum symbol_rows rows) {
    return rows == ROWS_PEAK    ? e->service.peak * 1e3
           : rows == ROWS_BYTES ? step_bytes(&e->decode) / 1e9
                                : symbol_row_step(e, rows)->seconds * 1e3;
}

const struct class_values *symbol_class(const struct deployment *d, int code) {
    int class = code % BASIS_OUT;
    if (class == CAL_ENGINE || class == CAL_FIRST_TOKEN)
        return class == CAL_ENGINE ? &d->engine : &d->first_token;
    if (class == CAL_POOL_STEP || class == CAL_POOL_FIRST)
        return class == CAL_POOL_STEP ? &d->pool_step : &d->pool_first;
    if (calibration_classes[class].scope == SCOPE_LINK)
        return &(code >= BASIS_OUT ? d->out_calibration : d->up_calibration)->of[class];
    return &d->calibration->of[class];
}

/* --- finding ------------------------------------------------------------------------------------------------------------ */

static const char *choose(const struct deployment *d, const struct estimate *e, const struct variant *v) {
    for (int i = 0; i < VARIANTS && (v[i].when || v[i].formula); i++)
        if (!v[i].when || v[i].when(d, e))
            return v[i].formula;
    return NULL;
}

const char *symbol_figure_formula(const struct deployment *d, const struct estimate *e, enum estimate_field_id id) {
    return choose(d, e, symbol_figures[id]);
}

static bool find_figure(const struct deployment *d, const struct estimate *e, const char *name, struct symbol *out) {
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        if (strcmp(f->id, name) != 0)
            continue;
        *out = (struct symbol){.kind = SYMBOL_FIGURE, .name = f->id, .unit = f->unit, .meaning = f->label, .field = i,
                               .value = estimate_number(e, f), .formula = choose(d, e, symbol_figures[i])};
        return true;
    }
    return false;
}

static bool find_input(const struct deployment *d, const char *name, struct symbol *out) {
    const struct field *f = scenario_find_field(name);
    if (!f)
        return false;
    *out = (struct symbol){.kind = SYMBOL_INPUT, .name = f->id, .unit = f->unit, .meaning = f->label,
                           .value = deployment_number(d, f)};
    if (f == &scenario_fields[F_PRICE] && d->price == d->gpu->price_h)
        out->meaning = "price: the GPU preset's indicative one";
    return true;
}

static bool find_sum(const struct estimate *e, const char *name, struct symbol *out) {
    for (int i = 0; i < ROWS_COUNT; i++) {
        if (strcmp(sums[i].name, name) != 0)
            continue;
        *out = (struct symbol){.kind = SYMBOL_ROWS, .name = sums[i].name, .unit = sums[i].unit, .meaning = sums[i].meaning,
                               .rows = (enum symbol_rows)i, .value = held_sum(e, (enum symbol_rows)i)};
        return true;
    }
    return false;
}

/* The bounds of measured / predicted are constants too. */
static bool find_bound(const struct class_values *v, int n, const char *constant, struct symbol *out) {
    bool low = strcmp(constant, "p10") == 0;
    if (!low && strcmp(constant, "p90") != 0)
        return false;
    out->value = low ? interval_low(v) : interval_high(v);
    out->meaning = low ? "measured over predicted, 10th percentile" : "measured over predicted, 90th percentile";
    out->row = v->source[low ? n : n + 1];
    out->origin = out->row ? v->origin : ORIGIN_ASSUMED;
    return true;
}

/* "engine.prefill": the class and the constant. The name stays the caller's: formulas are constant. */
static bool find_constant(const struct deployment *d, const char *name, struct symbol *out) {
    size_t n = strcspn(name, ".");
    for (int c = 0; name[n] == '.' && c < CAL_COUNT; c++) {
        const struct class_info *info = &calibration_classes[c];
        const struct class_values *v = symbol_class(d, c);
        if (strlen(info->id) != n || strncmp(info->id, name, n) != 0)
            continue;
        *out = (struct symbol){.kind = SYMBOL_CONSTANT, .name = name, .unit = "", .has_origin = true};
        for (int i = 0; i < info->n; i++) {
            if (strcmp(info->constant[i].name, name + n + 1) != 0)
                continue;
            out->unit = strcmp(info->constant[i].unit, "1") == 0 ? "" : info->constant[i].unit;
            out->meaning = info->constant[i].meaning;
            out->value = v->value[i];
            out->origin = v->constant_origin[i];
            out->row = v->source[i];
            return true;
        }
        return find_bound(v, info->n, name + n + 1, out);
    }
    return false;
}

static const void *base_of(const struct deployment *d, const struct estimate *e, enum base base) {
    switch (base) {
    case BASE_ESTIMATE:
        return e;
    case BASE_MODEL:
        return d->model;
    case BASE_GPU:
        return d->gpu;
    case BASE_WEIGHTS:
        return d->weights;
    case BASE_EXPERTS:
        return d->weights_experts;
    case BASE_KV:
        return d->kv;
    case BASE_LINK:
        return d->link_up;
    case BASE_DEPLOYMENT:
        return d;
    case BASE_NONE:
        break;
    }
    return NULL;
}

static double row_value(const struct deployment *d, const struct estimate *e, const struct symbol_row *r) {
    const char *at = base_of(d, e, r->base);
    if (r->get)
        return r->get(d, e) * r->scale;
    if (!at)
        return NAN;
    double value = r->integer ? *(const int *)(at + r->offset) : *(const double *)(at + r->offset);
    return value * r->scale;
}

/* Facts of presets know whose they are, and whether anyone has measured them. */
static void add_preset(const struct deployment *d, const struct symbol_row *r, struct symbol *out) {
    const struct format *f = r->base == BASE_WEIGHTS   ? d->weights
                             : r->base == BASE_EXPERTS ? d->weights_experts
                             : r->base == BASE_KV      ? d->kv
                                                       : NULL;
    out->kind = SYMBOL_FACT;
    out->preset = f ? f->id : r->base == BASE_GPU ? d->gpu->id : r->base == BASE_LINK ? d->link_up->id : d->model->id;
    out->source = f                      ? f->source
                  : r->base == BASE_GPU  ? d->gpu->source
                  : r->base == BASE_LINK ? d->link_up->source
                                         : d->model->source;
    out->has_origin = true;
    out->origin = r->base == BASE_MODEL && d->model->rumour ? ORIGIN_ASSUMED : ORIGIN_DATASHEET;
    if (strcmp(r->name, "link.latency") == 0)
        out->origin = d->link_up->allreduce_small_s[0] > 0 ? ORIGIN_MEASURED : ORIGIN_ASSUMED;
    if (r->base == BASE_GPU && !r->get && r->offset == offsetof(struct gpu, mem_bytes))
        out->origin = d->gpu->mem_reported ? ORIGIN_MEASURED : ORIGIN_ASSUMED;
}

bool symbol_find(const struct deployment *d, const struct estimate *e, const char *name, struct symbol *out) {
    if (find_figure(d, e, name, out) || find_sum(e, name, out))
        return true;
    for (size_t i = 0; i < symbol_table_rows; i++) {
        const struct symbol_row *r = &symbol_table[i];
        if (strcmp(r->name, name) != 0)
            continue;
        *out = (struct symbol){.name = r->name, .unit = r->unit, .meaning = r->meaning, .value = row_value(d, e, r),
                               .formula = choose(d, e, r->variant)};
        out->kind = out->formula ? SYMBOL_TERM : SYMBOL_LAW;
        if (r->base > BASE_ESTIMATE && r->base < BASE_DEPLOYMENT)
            add_preset(d, r, out);
        return true;
    }
    return find_input(d, name, out) || find_constant(d, name, out);
}

/* --- values --------------------------------------------------------------------------------------------------------------- */

struct situation {
    const struct deployment *d;
    const struct estimate *e;
};

static double value_of_name(void *user, const char *name) {
    const struct situation *at = user;
    struct symbol s;
    return symbol_find(at->d, at->e, name, &s) ? symbol_value(at->d, at->e, &s) : NAN;
}

double symbol_value(const struct deployment *d, const struct estimate *e, const struct symbol *s) {
    struct situation at = {d, e};
    bool ok;
    return isnan(s->value) && s->formula ? formula_eval(s->formula, value_of_name, &at, &ok) : s->value;
}
