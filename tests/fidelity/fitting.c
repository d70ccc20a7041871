#include "fitting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/calibration.h"
#include "fitter.h"

double metric_unit(const char *metric) {
    return strstr(metric, "_us") ? 1e6 : 1e3;
}

const char *row_scope(const struct measured_row *r, enum calibration_class class, char *buf) {
    switch (calibration_classes[class].scope) {
    case SCOPE_GPU:
        snprintf(buf, 2 * ID_LEN, "%s", r->gpu->id);
        break;
    case SCOPE_LINK:
        snprintf(buf, 2 * ID_LEN, "%s", r->link->id);
        break;
    case SCOPE_ENGINE:
        snprintf(buf, 2 * ID_LEN, "%s@%s", r->engine, r->gpu->family);
        break;
    }
    return buf;
}

/* MoE rows far off are failed tactic choices, A100 decode rows above the HBM peak are errors (data/README.md): least
 * absolute errors keep them from pulling. Flagged serving rows tell of other things. */
bool row_counts(const struct measured_row *r, int i) {
    (void)i;
    return r->reason[0] == '\0' && r->flag[0] == '\0';
}

static void engine_values(const struct measured_row *r, struct calibration *out) {
    out->of[CAL_ENGINE] = r->deployment.engine;
    out->of[CAL_FIRST_TOKEN] = r->deployment.first_token;
    out->of[CAL_POOL_STEP] = r->deployment.pool_step;
    out->of[CAL_POOL_FIRST] = r->deployment.pool_first;
}

struct class_values shipped_values(struct book *b, const struct measured_row *r, enum calibration_class class) {
    switch (calibration_classes[class].scope) {
    case SCOPE_GPU:
        return catalog_calibration(b->c, r->gpu)->of[class];
    case SCOPE_LINK:
        return catalog_link_calibration(b->c, r->link)->of[class];
    case SCOPE_ENGINE:
        break;
    }
    struct calibration engine;
    engine_values(r, &engine);
    return engine.of[class];
}

double predict_with(struct book *b, const struct measured_row *r, int i, const struct class_values *values) {
    enum calibration_class class = r->figure[i].class;
    bool bare = b->unmeasured && b->unmeasured == r->gpu;
    const struct calibration *gpu = bare ? &b->unmeasured_gpu : catalog_calibration(b->c, r->gpu);
    const struct calibration *link = bare ? &b->unmeasured_link : catalog_link_calibration(b->c, r->link);
    static struct calibration changed; /* one thread; 4 KiB a call would be half the time */
    static struct calibration engine;
    engine_values(r, &engine);
    if (r->reason[0])
        return NAN;
    switch (calibration_classes[class].scope) {
    case SCOPE_GPU:
        changed.of[class] = *values;
        gpu = &changed;
        break;
    case SCOPE_LINK:
        changed = *link;
        changed.of[class] = *values;
        link = &changed;
        break;
    case SCOPE_ENGINE:
        engine.of[class] = *values;
        break;
    }
    return measured_predict(r, i, gpu, link, &engine, &b->cache);
}

struct class_values at_clock_of(enum calibration_class class, struct class_values values, const struct measured_row *r) {
    for (int i = 0; r->gpu && i < calibration_classes[class].n; i++)
        values.value[i] = calibration_at_clock(class, i, values.value[i], calibration_clock, r->gpu->clock);
    return values;
}

struct job {
    struct book *b;
    bool common; /* constants for several GPUs, at the common clock */
    enum calibration_class class;
    const struct measured_row **row;
    int *figure;
    const struct class_values *start;
};

static void residuals(const double *value, double *out, size_t n, void *user) {
    struct job *j = user;
    struct class_values v = *j->start;
    for (int i = 0; i < calibration_classes[j->class].n; i++)
        v.value[i] = value[i];
    for (size_t i = 0; i < n; i++) {
        const struct figure *f = &j->row[i]->figure[j->figure[i]];
        struct class_values own = j->common ? at_clock_of(j->class, v, j->row[i]) : v;
        double ratio = predict_with(j->b, j->row[i], j->figure[i], &own) * metric_unit(f->metric) / f->measured;
        out[i] = ratio > 0 && isfinite(ratio) ? log(ratio) : 10; /* constants that answer nothing are bad ones */
    }
}

static bool in_scope(const char *row, const char *scope) {
    size_t n = scope ? strlen(scope) : 0;
    if (n > 0 && scope[n - 1] == '*')
        return strncmp(row, scope, n - 1) == 0;
    return !scope || strcmp(row, scope) == 0;
}

static size_t gather(struct book *b, enum calibration_class class, const char *scope, keep_fn *keep, void *user,
                     struct job *j) {
    size_t n = 0;
    char buf[2 * ID_LEN];
    j->row = malloc(b->m->n * FIGURES_MAX * sizeof *j->row);
    j->figure = malloc(b->m->n * FIGURES_MAX * sizeof *j->figure);
    if (!j->row || !j->figure)
        abort();
    for (size_t i = 0; i < b->m->n; i++) {
        const struct measured_row *r = &b->m->row[i];
        for (int f = 0; f < r->n_figures; f++)
            if (r->figure[f].class == class && row_counts(r, f) && (!keep || keep(r, user)) &&
                in_scope(row_scope(r, class, buf), scope)) {
                j->row[n] = r;
                j->figure[n++] = f;
            }
    }
    return n;
}

/* Where the search for each constant starts, and how firmly it is held there. */
static void prepare_constants(enum calibration_class class, const struct class_values *start, double pull,
                              struct fit_constant constant[CONSTANTS_MAX]) {
    const struct class_info *info = &calibration_classes[class];
    for (int i = 0; i < info->n; i++)
        constant[i] = (struct fit_constant){start->value[i], info->constant[i].low, info->constant[i].high, pull};
    if (class == CAL_ENGINE) { /* no measured engine row tells skew: the expert rows do */
        constant[ENGINE_SKEW_SHARE].pull = INFINITY;
        constant[ENGINE_EXPERTS].pull = 30 * pull;
    }
}

/* The constant that is a choice of one law or another, 0 or 1: no search finds its way from one to the other. -1: none. */
static int switch_of(enum calibration_class class) {
    const struct class_info *info = &calibration_classes[class];
    for (int i = 0; i < info->n; i++)
        if (strcmp(info->constant[i].name, "tile_by_rows") == 0)
            return i;
    return -1;
}

/* Both positions of a switch, and what fits better. Returns the median absolute residual. */
static double search_constants(struct job *j, double pull, size_t n, struct class_values *values) {
    struct fit_constant constant[CONSTANTS_MAX];
    int count = calibration_classes[j->class].n, way = switch_of(j->class);
    double best = INFINITY, found[CONSTANTS_MAX];
    prepare_constants(j->class, values, pull, constant);
    for (int k = 0; k < (way >= 0 ? 2 : 1); k++) {
        if (way >= 0)
            constant[way] = (struct fit_constant){k, 0, 1, INFINITY};
        double median = fit_constants(constant, count, found, residuals, n, j);
        if (median < best) {
            best = median;
            memcpy(values->value, found, (size_t)count * sizeof *found);
        }
    }
    return best;
}

size_t fit_class(struct book *b, enum calibration_class class, const char *scope, double pull, keep_fn *keep, void *user,
                 struct class_values *values, double *residual) {
    struct job j = {.b = b, .common = !scope, .class = class, .start = values};
    size_t n = gather(b, class, scope, keep, user, &j);
    if (n >= 10) {
        struct class_values fitted = *values;
        double *r = malloc(n * sizeof *r);
        if (!r)
            abort();
        *residual = search_constants(&j, pull, n, &fitted);
        *values = fitted;
        residuals(values->value, r, n, &j);
        values->lo = exp(-fit_quantile(r, n, 0.9)); /* residuals are ln(predicted / measured) */
        values->hi = exp(-fit_quantile(r, n, 0.1));
        values->origin = ORIGIN_FITTED;
        free(r);
    } else {
        n = 0;
    }
    free(j.row);
    free(j.figure);
    return n;
}

/* --- what nothing was measured on -------------------------------------------------------------------------------------- */

static const double WEAK_PULL = 0.01;

void add_name(struct names *n, const char *name) {
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->name[i], name) == 0)
            return;
    if (n->n < 256 && *name)
        n->name[n->n++] = name;
}

static struct class_values plain_start(enum calibration_class class) {
    struct class_values v = {.lo = NAN, .hi = NAN};
    for (int i = 0; i < calibration_classes[class].n; i++)
        v.value[i] = calibration_classes[class].constant[i].start;
    return v;
}

/* The number format whose kernels are nearest: what is computed alike. CAL_COUNT: none. */
static enum calibration_class nearest_class(enum calibration_class class) {
    static const int nearest[FORMAT_CLASS_COUNT] = {[FORMAT_16] = -1, [FORMAT_FP8] = -1, [FORMAT_FP8_BLOCK] = FORMAT_FP8,
                                                    [FORMAT_FP4] = FORMAT_FP8, [FORMAT_INT8] = FORMAT_FP8,
                                                    [FORMAT_W8A16] = FORMAT_16, [FORMAT_W4A16] = FORMAT_16,
                                                    [FORMAT_W4A8] = FORMAT_FP8};
    int base = class < CAL_EXPERTS ? CAL_GEMM : CAL_EXPERTS;
    if (class >= CAL_EXPERTS + FORMAT_CLASS_COUNT || nearest[(int)class - base] < 0)
        return CAL_COUNT;
    return (enum calibration_class)(base + nearest[(int)class - base]);
}

/* The constant of this name in the other class's values; `otherwise` where it has none. */
static double value_named(enum calibration_class class, const struct class_values *v, const char *name, double otherwise) {
    for (int i = 0; i < calibration_classes[class].n; i++)
        if (strcmp(calibration_classes[class].constant[i].name, name) == 0)
            return v->value[i];
    return otherwise;
}

/* Constants under the same names; a kernel for few rows is launched like the other and adds nothing. */
static struct class_values rename_values(enum calibration_class from, const struct class_values *v, enum calibration_class to) {
    struct class_values out = plain_start(to);
    for (int i = 0; i < calibration_classes[to].n; i++) {
        const char *name = calibration_classes[to].constant[i].name;
        bool small = strncmp(name, "small_", 6) == 0;
        double otherwise = strcmp(name, "small_t0") == 0 ? v->value[0] : small ? 0 : out.value[i];
        out.value[i] = value_named(from, v, name, otherwise);
    }
    return out;
}

/* Rows that keep() leaves, of kin or of the link's family. */
struct relatives {
    const struct measured_row *like;
    enum class_scope scope;
    keep_fn *keep;
    void *user;
};

static bool is_relative(const struct measured_row *r, void *user) {
    const struct relatives *of = user;
    if (of->keep && !of->keep(r, of->user))
        return false;
    if (of->scope == SCOPE_LINK)
        return r->link && strcspn(r->link->id, "0123456789") == strcspn(of->like->link->id, "0123456789") &&
               strncmp(r->link->id, of->like->link->id, strcspn(r->link->id, "0123456789")) == 0;
    return r->gpu && (strcmp(r->gpu->family, of->like->gpu->family) == 0 || strcmp(r->gpu->family, of->like->gpu->kin) == 0);
}

bool fit_for_all(struct book *b, enum calibration_class class, keep_fn *keep, void *user, struct class_values *values,
                 double *residual, size_t *rows) {
    *values = plain_start(class);
    *rows = fit_class(b, class, NULL, WEAK_PULL, keep, user, values, residual);
    return *rows > 0;
}

bool fit_foreign(struct book *b, enum calibration_class class, const struct measured_row *like, keep_fn *keep, void *user,
                 struct class_values *values, double *residual, size_t *rows) {
    struct relatives of = {like, calibration_classes[class].scope, keep, user};
    enum calibration_class nearest = nearest_class(class);
    if (!fit_for_all(b, class, keep, user, values, residual, rows)) {
        struct class_values other;
        if (nearest == CAL_COUNT || !fit_foreign(b, nearest, like, keep, user, &other, residual, rows))
            return false;
        *values = rename_values(nearest, &other, class);
        return true;
    }
    size_t n = fit_class(b, class, NULL, WEAK_PULL, is_relative, &of, values, residual);
    if (n > 0)
        *rows = n;
    return true;
}

struct two_gpus {
    const char *name[2];
};

static bool on_neither(const struct measured_row *r, void *user) {
    const struct two_gpus *t = user;
    return strcmp(r->gpu_name, t->name[0]) != 0 && (!t->name[1] || strcmp(r->gpu_name, t->name[1]) != 0);
}

/* measured / predicted of the GPU's figures of the class, by these constants at the common clock. */
static size_t add_ratios(struct book *b, enum calibration_class class, const char *gpu, const struct class_values *values,
                         double *ratio) {
    size_t n = 0;
    for (size_t i = 0; i < b->m->n; i++) {
        const struct measured_row *r = &b->m->row[i];
        for (int f = 0; f < r->n_figures; f++) {
            if (r->figure[f].class != class || !row_counts(r, f) || strcmp(r->gpu_name, gpu) != 0)
                continue;
            struct class_values own = at_clock_of(class, *values, r);
            ratio[n++] = r->figure[f].measured / metric_unit(r->figure[f].metric) / predict_with(b, r, f, &own);
        }
    }
    return n;
}

void foreign_bounds(struct book *b, enum calibration_class class, const char *except, struct class_values *values) {
    struct names gpus = {0};
    const struct measured_row *like[256];
    double *ratio = malloc((b->m->n * FIGURES_MAX + 1) * sizeof *ratio), residual;
    size_t n = 0, rows;
    if (!ratio)
        abort();
    for (size_t i = 0; i < b->m->n; i++) {
        size_t before = gpus.n;
        for (int f = 0; f < b->m->row[i].n_figures; f++)
            if (b->m->row[i].figure[f].class == class && row_counts(&b->m->row[i], f))
                add_name(&gpus, b->m->row[i].gpu_name);
        if (gpus.n > before)
            like[before] = &b->m->row[i];
    }
    for (size_t g = 0; g < gpus.n; g++) {
        struct two_gpus without = {{gpus.name[g], except}};
        struct class_values foreign;
        if ((!except || strcmp(except, gpus.name[g]) != 0) &&
            fit_foreign(b, class, like[g], on_neither, &without, &foreign, &residual, &rows))
            n += add_ratios(b, class, gpus.name[g], &foreign, ratio + n);
    }
    values->lo = fit_quantile(ratio, n, 0.1);
    values->hi = fit_quantile(ratio, n, 0.9);
    free(ratio);
}

/* --- engines ------------------------------------------------------------------------------------------------------------ */

/* Chosen for the error with a model left out. TTFT scatters more, and is held more firmly. */
static const double PULL_ALL = 200, PULL_ENGINE = 30, PULL_FAMILY = 20, PULL_FIRST_TOKEN = 16;

bool is_pool_class(enum calibration_class class) {
    return class == CAL_POOL_STEP || class == CAL_POOL_FIRST;
}

struct class_values start_values(enum calibration_class class) {
    struct class_values v = {.lo = NAN, .hi = NAN};
    for (int i = 0; i < calibration_classes[class].n; i++)
        v.value[i] = calibration_classes[class].constant[i].start;
    return v;
}

static bool add_fit(struct book *b, enum calibration_class class, const char *rows, const char *scope, double pull,
                    keep_fn *keep, void *user, const struct class_values *start, struct engine_fit *out) {
    out->values = *start;
    snprintf(out->scope, sizeof out->scope, "%s", scope);
    if (class == CAL_FIRST_TOKEN)
        pull *= PULL_FIRST_TOKEN;
    out->rows = fit_class(b, class, rows, pull, keep, user, &out->values, &out->residual);
    return out->rows > 0;
}

/* The families that rows of this engine were measured on. */
static size_t families_of(const struct book *b, const char *engine, const char *family[8]) {
    size_t n = 0;
    for (size_t i = 0; i < b->m->n; i++) {
        const struct measured_row *r = &b->m->row[i];
        size_t k = 0;
        if (strcmp(r->engine, engine) != 0 || !r->gpu)
            continue;
        while (k < n && strcmp(family[k], r->gpu->family) != 0)
            k++;
        if (k == n && n < 8)
            family[n++] = r->gpu->family;
    }
    return n;
}

size_t fit_engines(struct book *b, enum calibration_class class, keep_fn *keep, void *user,
                   struct engine_fit out[ENGINE_FITS_MAX]) {
    struct class_values start = start_values(class);
    size_t n = 0;
    if (!add_fit(b, class, NULL, "*", PULL_ALL, keep, user, &start, &out[n]))
        return 0;
    const struct class_values all = out[n++].values;
    for (int e = 0; scenario_fields[F_ENGINE].fixed[e]; e++) {
        const char *engine = scenario_fields[F_ENGINE].fixed[e], *family[8];
        char scope[2 * ID_LEN];
        snprintf(scope, sizeof scope, "%s@*", engine);
        if (!add_fit(b, class, scope, engine, PULL_ENGINE, keep, user, &all, &out[n]))
            continue;
        const struct class_values own = out[n++].values;
        for (size_t k = families_of(b, engine, family); k-- > 0;) {
            snprintf(scope, sizeof scope, "%s@%s", engine, family[k]);
            if (n < ENGINE_FITS_MAX && add_fit(b, class, scope, scope, PULL_FAMILY, keep, user, &own, &out[n]))
                n++;
        }
    }
    return n;
}

const struct engine_fit *engine_fit_of(const struct engine_fit *fits, size_t n, const struct measured_row *r) {
    const struct engine_fit *best = NULL;
    char scope[2 * ID_LEN];
    row_scope(r, CAL_ENGINE, scope);
    for (size_t i = 0; i < n; i++)
        if (strcmp(fits[i].scope, "*") == 0 || strcmp(fits[i].scope, r->engine) == 0 || strcmp(fits[i].scope, scope) == 0)
            if (!best || strlen(fits[i].scope) > strlen(best->scope))
                best = &fits[i];
    return best;
}
