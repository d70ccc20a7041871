/* fidelity: how far the estimates are from the measurements.
 *
 *   fidelity [--data DIR] [--cv[=family|model|gpu]] [--csv | --skew] [--presets DIR]
 *
 * Evaluates every row of the known files below DIR (default ../shared/data beside the source tree) with the shipped
 * constants, or, with --cv, with constants fitted without the row's shape family (operators; of pools the layout) or model
 * (engines), or without its GPU. Prints, per file and by GPU, engine and model: rows, answered, median and 90th percentile of the absolute error,
 * bias (median signed error), and the share of measurements inside the interval. --csv: one line per measured figure.
 * --skew: what skewed routing costs an expert layer: time under a power law over time when balanced, same shape and layout,
 * measured and predicted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/calibration.h"
#include "core/interval.h"
#include "fitter.h"
#include "fitting.h"

enum leave { LEAVE_NOTHING, LEAVE_FAMILY, LEAVE_MODEL, LEAVE_GPU };
static const double WEAK_PULL = 0.01;

struct options {
    const char *data, *presets;
    enum leave leave;
    bool cv, csv, skew;
};

struct answer {
    double predicted, lo, hi; /* in the metric's unit; NAN: none */
};

struct report {
    struct book book;
    struct measured m;
    struct answer *answer; /* FIGURES_MAX for each row */
};

static int fail(const char *what) {
    fprintf(stderr, "fidelity: %s\n", what);
    return 2;
}

static bool parse_options(int argc, char **argv, struct options *o) {
    *o = (struct options){.data = getenv("MOESCOPE_DATA")};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
            o->data = argv[++i];
        else if (strcmp(argv[i], "--presets") == 0 && i + 1 < argc)
            o->presets = argv[++i];
        else if (strcmp(argv[i], "--csv") == 0)
            o->csv = true;
        else if (strcmp(argv[i], "--skew") == 0)
            o->skew = true;
        else if (strcmp(argv[i], "--cv") == 0)
            o->cv = true;
        else if (strcmp(argv[i], "--cv=family") == 0)
            o->leave = LEAVE_FAMILY, o->cv = true;
        else if (strcmp(argv[i], "--cv=model") == 0)
            o->leave = LEAVE_MODEL, o->cv = true;
        else if (strcmp(argv[i], "--cv=gpu") == 0)
            o->leave = LEAVE_GPU, o->cv = true;
        else
            return false;
    }
    if (!o->data)
        o->data = "../shared/data";
    return true;
}

/* --- answers ----------------------------------------------------------------------------------------------------------- */

static void answer_with(struct report *r, size_t row, int figure, const struct class_values *v) {
    const struct measured_row *m = &r->m.row[row];
    double t = predict_with(&r->book, m, figure, v) * metric_unit(m->figure[figure].metric);
    r->answer[row * FIGURES_MAX + (size_t)figure] = (struct answer){t, t * v->lo, t * v->hi};
}

/* By constants that did not see the row, with the bounds that are shipped: those come from cross-validation already. */
static void answer_without(struct report *r, size_t row, int figure, struct class_values v) {
    struct class_values shipped = shipped_values(&r->book, &r->m.row[row], r->m.row[row].figure[figure].class);
    v.lo = shipped.lo;
    v.hi = shipped.hi;
    answer_with(r, row, figure, &v);
}

/* An engine's, for a GPU of a family that it was never seen on: the bounds of its other families, as the program widens them. */
static void answer_foreign_engine(struct report *r, size_t row, int figure, struct class_values v) {
    const struct measured_row *m = &r->m.row[row];
    const struct gpu nowhere = {.family = "none", .id = "none"};
    enum calibration_class class = m->figure[figure].class;
    enum origin origin = ORIGIN_MEASURED;
    struct calibration general;
    struct deployment d = m->deployment;
    calibration_engine(r->book.c, m->engine, &nowhere, &general);
    d.engine = general.of[CAL_ENGINE];
    d.calibration = &r->book.unmeasured_gpu;
    d.up_calibration = &r->book.unmeasured_link;
    double power = class == CAL_ENGINE || class == CAL_POOL_STEP ? interval_widening(&d, &origin) : 1;
    v.lo = pow(general.of[class].lo, power);
    v.hi = pow(general.of[class].hi, power);
    answer_with(r, row, figure, &v);
}

static void answer_shipped(struct report *r) {
    for (size_t i = 0; i < r->m.n; i++)
        for (int f = 0; f < r->m.row[i].n_figures; f++) {
            const struct measured_row *m = &r->m.row[i];
            if (m->reason[0])
                continue;
            struct class_values v = shipped_values(&r->book, m, m->figure[f].class);
            answer_with(r, i, f, &v);
        }
}

/* What is left out of a fit: one fold of shape families, one model, or one GPU. */
struct fold {
    enum leave leave;
    unsigned number;
    const char *name;
};

static bool in_fold(const struct measured_row *r, const struct fold *f) {
    switch (f->leave) {
    case LEAVE_FAMILY:
        return r->fold == f->number;
    case LEAVE_MODEL:
        return strcmp(r->scenario.model, f->name) == 0;
    case LEAVE_GPU:
        return strcmp(r->gpu_name, f->name) == 0;
    case LEAVE_NOTHING:
        break;
    }
    return false;
}

static bool outside_fold(const struct measured_row *r, void *user) {
    return !in_fold(r, user);
}

static bool is_serving(const struct measured_row *r) {
    return r->file == FILE_AGGREGATED || r->file == FILE_DISAGGREGATED;
}

/* Fits the scope without the fold, then answers the fold. */
static void answer_fold(struct report *r, enum calibration_class class, const char *scope, struct fold *fold) {
    struct class_values values = {.lo = NAN, .hi = NAN};
    char buf[2 * ID_LEN];
    double residual;
    bool any = false;
    for (size_t i = 0; i < r->m.n; i++) {
        const struct measured_row *m = &r->m.row[i];
        for (int f = 0; f < m->n_figures; f++)
            any = any || (m->figure[f].class == class && !m->reason[0] && in_fold(m, fold));
    }
    if (!any)
        return;
    for (int i = 0; i < calibration_classes[class].n; i++)
        values.value[i] = calibration_classes[class].constant[i].start;
    if (fit_class(&r->book, class, scope, WEAK_PULL, outside_fold, fold, &values, &residual) == 0)
        return;
    for (size_t i = 0; i < r->m.n; i++) {
        const struct measured_row *m = &r->m.row[i];
        for (int f = 0; f < m->n_figures; f++)
            if (m->figure[f].class == class && !m->reason[0] && in_fold(m, fold) &&
                strcmp(row_scope(m, class, buf), scope) == 0)
                answer_without(r, i, f, values);
    }
}

static void answer_without_family(struct report *r) {
    for (int class = 0; class < CAL_COUNT; class++) {
        struct names scopes = {0};
        static char kept[256][2 * ID_LEN];
        for (size_t i = 0; i < r->m.n; i++)
            for (int f = 0; f < r->m.row[i].n_figures; f++)
                if ((int)r->m.row[i].figure[f].class == class && !r->m.row[i].reason[0] && !is_serving(&r->m.row[i]) &&
                    scopes.n < 256)
                    add_name(&scopes, row_scope(&r->m.row[i], (enum calibration_class)class, kept[scopes.n]));
        for (size_t s = 0; s < scopes.n; s++)
            for (unsigned k = 0; k < FOLDS; k++)
                answer_fold(r, (enum calibration_class)class, scopes.name[s], &(struct fold){LEAVE_FAMILY, k, NULL});
    }
}

/* Fits of engines to what is left of the rows. */
struct fits {
    struct engine_fit fit[ENGINE_FITS_MAX];
    size_t n;
};

/* Answers the fold's figures of this class. Pools' decode steps rest on `engine` too; where no pool's row is left, pools get
 * what their constants start from. */
static void answer_engine_class(struct report *r, enum calibration_class class, const struct fold *fold,
                                const struct fits *fits, const struct fits *engine) {
    if (fits->n == 0 && !is_pool_class(class))
        return;
    for (size_t i = 0; i < r->m.n; i++)
        for (int f = 0; f < r->m.row[i].n_figures; f++) {
            struct measured_row *m = &r->m.row[i];
            if (m->figure[f].class != class || m->reason[0] || !in_fold(m, fold))
                continue;
            struct class_values shipped = m->deployment.engine;
            struct class_values v = fits->n > 0 ? engine_fit_of(fits->fit, fits->n, m)->values : start_values(class);
            if (is_pool_class(class) && engine->n > 0)
                m->deployment.engine = engine_fit_of(engine->fit, engine->n, m)->values;
            (fold->leave == LEAVE_GPU ? answer_foreign_engine : answer_without)(r, i, f, v);
            m->deployment.engine = shipped;
        }
}

/* Engines' rows of the fold by constants of engines that did not see them. */
static void answer_engine_fold(struct report *r, struct fold *fold) {
    static struct fits engine, fits;
    static const enum calibration_class others[] = {CAL_FIRST_TOKEN, CAL_POOL_STEP, CAL_POOL_FIRST};
    bool any = false;
    for (size_t i = 0; i < r->m.n; i++)
        any = any || (is_serving(&r->m.row[i]) && !r->m.row[i].reason[0] && in_fold(&r->m.row[i], fold));
    if (!any)
        return;
    engine.n = fit_engines(&r->book, CAL_ENGINE, outside_fold, fold, engine.fit);
    answer_engine_class(r, CAL_ENGINE, fold, &engine, &engine);
    for (int c = 0; c < 3; c++) {
        fits.n = fit_engines(&r->book, others[c], outside_fold, fold, fits.fit);
        answer_engine_class(r, others[c], fold, &fits, &engine);
    }
}

/* Pools without an eighth of their layouts: all were measured with one model. */
static void answer_pools_without_family(struct report *r) {
    static struct fits none, fits;
    static const enum calibration_class classes[] = {CAL_POOL_STEP, CAL_POOL_FIRST};
    for (unsigned k = 0; k < FOLDS; k++)
        for (int c = 0; c < 2; c++) {
            struct fold fold = {LEAVE_FAMILY, k, NULL};
            fits.n = fit_engines(&r->book, classes[c], outside_fold, &fold, fits.fit);
            answer_engine_class(r, classes[c], &fold, &fits, &none);
        }
}

/* The class's constants for a GPU that is left out, with bounds that did not see it either; answers its rows. */
static void answer_foreign(struct report *r, enum calibration_class class, const struct measured_row *like) {
    struct fold fold = {LEAVE_GPU, 0, like->gpu_name};
    struct class_values values;
    double residual;
    size_t rows;
    if (!fit_foreign(&r->book, class, like, outside_fold, &fold, &values, &residual, &rows))
        return;
    foreign_bounds(&r->book, class, like->gpu_name, &values);
    if (isnan(values.lo)) /* only this GPU has such rows: as estimate() where nothing was ever compared */
        values.lo = 1 / 1.5, values.hi = 1.5;
    values = at_clock_of(class, values, like);
    for (size_t i = 0; i < r->m.n; i++)
        for (int f = 0; f < r->m.row[i].n_figures; f++)
            if (r->m.row[i].figure[f].class == class && !r->m.row[i].reason[0] && in_fold(&r->m.row[i], &fold))
                answer_with(r, i, f, &values);
    struct calibration *bare = calibration_classes[class].scope == SCOPE_GPU ? &r->book.unmeasured_gpu : &r->book.unmeasured_link;
    bare->of[class] = values;
}

/* Operators first: then they are those that the engines' rows of this GPU are worked out with. */
static void leave_gpu_out(struct report *r, const struct measured_row *like) {
    struct fold fold = {LEAVE_GPU, 0, like->gpu_name};
    bool has[CAL_COUNT] = {false};
    for (size_t i = 0; i < r->m.n; i++)
        for (int f = 0; f < r->m.row[i].n_figures; f++)
            if (!r->m.row[i].reason[0] && in_fold(&r->m.row[i], &fold))
                has[r->m.row[i].figure[f].class] = true;
    r->book.unmeasured_gpu = *catalog_calibration(r->book.c, like->gpu);
    r->book.unmeasured_link = *catalog_link_calibration(r->book.c, like->link);
    r->book.unmeasured = like->gpu;
    for (int class = 0; class < CAL_COUNT; class++)
        if (has[class] && calibration_classes[class].scope != SCOPE_ENGINE)
            answer_foreign(r, (enum calibration_class)class, like);
    answer_engine_fold(r, &fold);
    r->book.unmeasured = NULL;
}

static void answer_without_gpu(struct report *r) {
    struct names gpus = {0};
    for (size_t i = 0; i < r->m.n; i++) {
        size_t before = gpus.n;
        if (!r->m.row[i].reason[0])
            add_name(&gpus, r->m.row[i].gpu_name);
        if (gpus.n > before)
            leave_gpu_out(r, &r->m.row[i]);
    }
}

static void answer_without_models(struct report *r) {
    struct names models = {0};
    for (size_t i = 0; i < r->m.n; i++)
        if (is_serving(&r->m.row[i]) && !r->m.row[i].reason[0])
            add_name(&models, r->m.row[i].scenario.model);
    for (size_t k = 0; k < models.n; k++)
        answer_engine_fold(r, &(struct fold){LEAVE_MODEL, 0, models.name[k]});
}

/* --- tables ----------------------------------------------------------------------------------------------------------------- */

struct tally {
    double *error; /* predicted / measured - 1; unanswered: -1, i.e. 100 % */
    size_t n, answered, inside, bounded;
};

static void tally_add(struct tally *t, const struct figure *f, const struct answer *a) {
    bool answered = a->predicted > 0;
    t->error[t->n++] = answered ? a->predicted / f->measured - 1 : -1;
    t->answered += answered;
    if (answered && a->lo > 0) {
        t->bounded++;
        t->inside += f->measured >= a->lo && f->measured <= a->hi;
    }
}

static void tally_print(const char *what, const struct tally *t) {
    double *size = malloc((t->n + 1) * sizeof *size);
    if (t->n == 0 || !size) {
        free(size);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        size[i] = fabs(t->error[i]);
    printf("%-44s %6zu %6zu %7.1f %7.1f %+7.1f", what, t->n, t->answered, 100 * fit_quantile(size, t->n, 0.5),
           100 * fit_quantile(size, t->n, 0.9), 100 * fit_quantile(t->error, t->n, 0.5));
    if (t->bounded > 0)
        printf(" %7.0f\n", 100.0 * (double)t->inside / (double)t->bounded);
    else
        printf("       -\n");
    free(size);
}

/* What a line of the table counts: a file's metric, and optionally one GPU, engine, model or number type. */
struct filter {
    int file;
    const char *metric, *gpu, *engine, *model, *dtype, *flag;
};

static void print_line(struct report *r, const char *label, const struct filter *f) {
    struct tally t = {.error = malloc((r->m.n * FIGURES_MAX + 1) * sizeof *t.error)};
    for (size_t i = 0; t.error && i < r->m.n; i++) {
        const struct measured_row *m = &r->m.row[i];
        if ((int)m->file != f->file || strcmp(m->flag, f->flag ? f->flag : "") != 0 ||
            (f->gpu && strcmp(f->gpu, m->gpu_name) != 0) || (f->engine && strcmp(f->engine, m->engine) != 0) ||
            (f->model && strcmp(f->model, m->model) != 0) || (f->dtype && strcmp(f->dtype, m->dtype) != 0))
            continue;
        for (int k = 0; k < m->n_figures; k++)
            if (strcmp(m->figure[k].metric, f->metric) == 0)
                tally_add(&t, &m->figure[k], &r->answer[i * FIGURES_MAX + (size_t)k]);
    }
    tally_print(label, &t);
    free(t.error);
}

/* A line for each of the names that one member of the filter, `key`, can have. */
static void print_each(struct report *r, struct filter *f, const char **key, const struct names *names, const char *before) {
    char label[160];
    for (size_t i = 0; i < names->n; i++) {
        *key = names->name[i];
        snprintf(label, sizeof label, "%s%s", before, names->name[i]);
        print_line(r, label, f);
    }
    *key = NULL;
}

static void print_file(struct report *r, int file) {
    struct names metrics = {0}, gpus = {0}, engines = {0}, models = {0}, dtypes = {0}, flags = {0};
    char label[160];
    for (size_t i = 0; i < r->m.n; i++) {
        const struct measured_row *m = &r->m.row[i];
        if ((int)m->file != file)
            continue;
        for (int k = 0; k < m->n_figures; k++)
            add_name(&metrics, m->figure[k].metric);
        add_name(&gpus, m->gpu_name);
        add_name(&engines, m->engine);
        add_name(&models, m->model);
        add_name(&flags, m->flag);
        if (!is_serving(m))
            add_name(&dtypes, m->dtype);
    }
    for (size_t k = 0; k < metrics.n; k++) {
        struct filter f = {.file = file, .metric = metrics.name[k]};
        snprintf(label, sizeof label, "%s %s", file_names[file], metrics.name[k]);
        print_line(r, label, &f);
        for (size_t g = 0; g < gpus.n; g++) {
            struct filter by = f;
            by.gpu = gpus.name[g];
            snprintf(label, sizeof label, "  %s", gpus.name[g]);
            print_line(r, label, &by);
            for (size_t t = 0; dtypes.n > 1 && t < dtypes.n; t++) {
                by.dtype = dtypes.name[t];
                snprintf(label, sizeof label, "    %s %s", gpus.name[g], dtypes.name[t]);
                print_line(r, label, &by);
            }
        }
        print_each(r, &f, &f.engine, &engines, "  ");
        print_each(r, &f, &f.model, &models, "  ");
        print_each(r, &f, &f.flag, &flags, "  flagged ");
    }
}

static void print_csv(const struct report *r) {
    puts("file,metric,gpu,engine,model,flag,measured,predicted,lo,hi,reason");
    for (size_t i = 0; i < r->m.n; i++)
        for (int f = 0; f < r->m.row[i].n_figures; f++) {
            const struct measured_row *m = &r->m.row[i];
            const struct answer *a = &r->answer[i * FIGURES_MAX + (size_t)f];
            char value[4][32] = {"", "", "", ""};
            const double numbers[4] = {m->figure[f].measured, a->predicted, a->lo, a->hi};
            for (int k = 0; k < 4; k++)
                number_print(numbers[k] > 0 ? numbers[k] : NAN, value[k]);
            printf("%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,\"%s\"\n", file_names[m->file], m->figure[f].metric, m->gpu_name,
                   m->engine, m->model, m->flag, value[0], value[1], value[2], value[3],
                   a->predicted > 0 ? "" : m->reason[0] ? m->reason : "not feasible");
        }
}

/* --- what skew costs ---------------------------------------------------------------------------------------------------- */

enum { RANK_RANGES = 3, TOKEN_RANGES = 6 };
static const double rank_tops[RANK_RANGES] = {1, 4, INFINITY};
static const double token_tops[TOKEN_RANGES] = {16, 64, 256, 1024, 4096, INFINITY};

static int range_of(double x, const double *tops) {
    int i = 0;
    while (x > tops[i])
        i++;
    return i;
}

/* The balanced row of the same layer, layout and tokens; NULL when it was not measured. */
static const struct measured_row *balanced_twin(const struct report *r, const struct measured_row *m) {
    for (size_t i = 0; i < r->m.n; i++) {
        const struct measured_row *b = &r->m.row[i];
        if (b->file == FILE_MOE && b->moe.exponent == 0 && b->moe.tokens == m->moe.tokens && b->moe.ranks == m->moe.ranks &&
            b->moe.cut == m->moe.cut && b->family == m->family && b->gpu == m->gpu && strcmp(b->dtype, m->dtype) == 0)
            return b;
    }
    return NULL;
}

static void print_skew(struct report *r) {
    double *ratio[RANK_RANGES][TOKEN_RANGES][2];
    size_t n[RANK_RANGES][TOKEN_RANGES] = {{0}};
    for (int i = 0; i < RANK_RANGES * TOKEN_RANGES * 2; i++)
        (&ratio[0][0][0])[i] = malloc((r->m.n + 1) * sizeof(double));
    for (size_t i = 0; i < r->m.n; i++) {
        const struct measured_row *m = &r->m.row[i], *b;
        if (m->file != FILE_MOE || m->moe.exponent < 1.1 || m->reason[0] || !(b = balanced_twin(r, m)))
            continue;
        int rank = range_of(m->moe.ranks, rank_tops), tokens = range_of(m->moe.tokens, token_tops);
        size_t k = n[rank][tokens]++;
        ratio[rank][tokens][0][k] = m->figure[0].measured / b->figure[0].measured;
        ratio[rank][tokens][1][k] = r->answer[i * FIGURES_MAX].predicted / r->answer[(size_t)(b - r->m.row) * FIGURES_MAX].predicted;
    }
    printf("%-10s %-12s %6s  %24s  %24s\n", "ranks to", "tokens to", "pairs", "measured p10 median p90", "predicted p10 median p90");
    for (int i = 0; i < RANK_RANGES; i++)
        for (int j = 0; j < TOKEN_RANGES; j++) {
            printf("%-10.0f %-12.0f %6zu ", rank_tops[i], token_tops[j], n[i][j]);
            for (int k = 0; k < 2; k++) {
                printf(" %8.2f %7.2f %7.2f ", fit_quantile(ratio[i][j][k], n[i][j], 0.1), fit_quantile(ratio[i][j][k], n[i][j], 0.5),
                       fit_quantile(ratio[i][j][k], n[i][j], 0.9));
                free(ratio[i][j][k]);
            }
            printf("\n");
        }
}

int main(int argc, char **argv) {
    static struct report r;
    struct options o;
    char err[ERROR_LEN];
    if (!parse_options(argc, argv, &o))
        return fail("usage: fidelity [--data DIR] [--cv[=family|model|gpu]] [--csv | --skew] [--presets DIR]");
    r.book.c = catalog_open(catalog_default_dir(), NULL, o.presets, err);
    if (!r.book.c)
        return fail(err);
    if (!measured_read(r.book.c, o.data, &r.m, err))
        return fail(err);
    if (r.m.n == 0) {
        fprintf(stderr, "fidelity: no measured rows below %s; --data takes the folder with silicon/ and serving/\n", o.data);
        return 77;
    }
    r.book.m = &r.m;
    r.answer = malloc(r.m.n * FIGURES_MAX * sizeof *r.answer);
    if (!r.answer)
        return fail("out of memory");
    for (size_t i = 0; i < r.m.n * FIGURES_MAX; i++)
        r.answer[i] = (struct answer){NAN, NAN, NAN};
    if (!o.cv)
        answer_shipped(&r);
    if (o.cv && o.leave != LEAVE_GPU && o.leave != LEAVE_MODEL)
        answer_without_family(&r);
    if (o.cv && o.leave != LEAVE_GPU && o.leave != LEAVE_MODEL)
        answer_pools_without_family(&r);
    if (o.cv && o.leave != LEAVE_GPU && o.leave != LEAVE_FAMILY)
        answer_without_models(&r);
    if (o.leave == LEAVE_GPU)
        answer_without_gpu(&r);
    if (o.csv) {
        print_csv(&r);
    } else if (o.skew) {
        print_skew(&r);
    } else {
        printf("%-44s %6s %6s %7s %7s %7s %7s\n", "", "rows", "answ.", "median%", "p90%", "bias%", "inside%");
        for (int file = 0; file < FILE_COUNT; file++)
            print_file(&r, file);
    }
    free(r.answer);
    measured_free(&r.m);
    catalog_close(r.book.c);
    return fflush(stdout) == 0 ? 0 : 1;
}
