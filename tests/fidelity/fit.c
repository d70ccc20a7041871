/* fit: re-derives presets/calibration.csv from the measurements.
 *
 *   fit [--data DIR] [--presets DIR] [CLASS...] > calibration.csv
 *
 * Prints the whole file: every class with measured rows is fitted again, scope by scope, from the values that are shipped
 * now; the others (and, when classes are named, all but those) are copied. The bounds p10 and p90 come from
 * cross-validation: each eighth of the shape families is predicted by constants that were fitted without it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/csv.h"
#include "fitter.h"
#include "fitting.h"

enum { SCOPES_MAX = 64 };

static const char SOURCE[] = "ai-dynamo/aiconfigurator rows (Apache 2.0)";

/* What has been printed: class and scope. */
struct printed {
    enum calibration_class class;
    char scope[2 * ID_LEN];
};

struct program {
    struct printed printed[CAL_COUNT * 16];
    size_t n_printed;
    struct book book;
    struct measured m;
    FILE *shipped;
    int n_only;
    char **only;
};

struct scope_list {
    char name[SCOPES_MAX][2 * ID_LEN];
    size_t n;
};

static bool is_wanted(const struct program *p, enum calibration_class class) {
    for (int i = 0; i < p->n_only; i++)
        if (strcmp(p->only[i], calibration_classes[class].id) == 0)
            return true;
    return p->n_only == 0;
}

static void scopes_of(const struct program *p, enum calibration_class class, struct scope_list *out) {
    char buf[2 * ID_LEN];
    out->n = 0;
    for (size_t i = 0; i < p->m.n; i++)
        for (int f = 0; f < p->m.row[i].n_figures; f++) {
            const struct measured_row *r = &p->m.row[i];
            if (r->figure[f].class != class || !row_counts(r, f))
                continue;
            row_scope(r, class, buf);
            size_t k = 0;
            while (k < out->n && strcmp(out->name[k], buf) != 0)
                k++;
            if (k == out->n && out->n < SCOPES_MAX)
                snprintf(out->name[out->n++], sizeof out->name[0], "%s", buf);
        }
}

/* --- printing ---------------------------------------------------------------------------------------------------------- */

static void print_row(const char *scope, enum calibration_class class, const char *constant, double value, const char *unit,
                      double residual, size_t rows, const char *origin, const char *source) {
    char text[64];
    csv_write_cell(stdout, scope, true);
    csv_write_cell(stdout, calibration_classes[class].id, false);
    csv_write_cell(stdout, constant, false);
    snprintf(text, sizeof text, "%.5g", value);
    csv_write_cell(stdout, text, false);
    csv_write_cell(stdout, unit, false);
    snprintf(text, sizeof text, "%.1f", 100 * residual);
    csv_write_cell(stdout, text, false);
    snprintf(text, sizeof text, "%zu", rows);
    csv_write_cell(stdout, text, false);
    csv_write_cell(stdout, origin, false);
    csv_write_cell(stdout, source, false);
    csv_end_row(stdout);
}

static void print_values(struct program *p, const char *scope, enum calibration_class class, const struct class_values *v, double residual,
                         size_t rows, const char *source) {
    const struct class_info *info = &calibration_classes[class];
    struct printed *done = &p->printed[p->n_printed++];
    done->class = class;
    snprintf(done->scope, sizeof done->scope, "%s", scope);
    for (int i = 0; i < info->n; i++)
        print_row(scope, class, info->constant[i].name, v->value[i], info->constant[i].unit, residual, rows, "fitted", source);
    if (v->lo > 0 && v->hi > 0) { /* of a format that one GPU has nothing is known about others */
        print_row(scope, class, "p10", v->lo, "1", residual, rows, "fitted", source);
        print_row(scope, class, "p90", v->hi, "1", residual, rows, "fitted", source);
    }
    fflush(stdout);
}

/* A row of the shipped file that no fit replaces. */
static bool copy_row(const struct csv_row *row, void *user, char *err) {
    const struct program *p = user;
    const char *id = csv_cell(row, "class"), *scope = csv_cell(row, "scope");
    (void)err;
    for (size_t i = 0; id && scope && i < p->n_printed; i++)
        if (strcmp(id, calibration_classes[p->printed[i].class].id) == 0 && strcmp(scope, p->printed[i].scope) == 0)
            return true;
    for (size_t i = 0; i < row->n_columns; i++)
        csv_write_cell(stdout, row->cell[i], i == 0);
    csv_end_row(stdout);
    return true;
}

/* --- fitting ------------------------------------------------------------------------------------------------------------ */

struct eighth {
    unsigned number;
};

static bool outside(const struct measured_row *r, void *user) {
    return r->fold != ((struct eighth *)user)->number;
}

/* Bounds from residuals of rows that the constants did not see. */
static void cross_validate(struct program *p, enum calibration_class class, const char *scope, struct class_values *v) {
    double *r = malloc((p->m.n + 1) * FIGURES_MAX * sizeof *r), unused;
    char buf[2 * ID_LEN];
    size_t n = 0;
    for (unsigned k = 0; r && k < FOLDS; k++) {
        struct eighth e = {k};
        struct class_values w = *v;
        if (fit_class(&p->book, class, scope, 0.02, outside, &e, &w, &unused) == 0)
            continue;
        for (size_t i = 0; i < p->m.n; i++)
            for (int f = 0; f < p->m.row[i].n_figures; f++) {
                const struct measured_row *m = &p->m.row[i];
                if (m->figure[f].class == class && row_counts(m, f) && !outside(m, &e) &&
                    strcmp(row_scope(m, class, buf), scope) == 0)
                    r[n++] = m->figure[f].measured / metric_unit(m->figure[f].metric) / predict_with(&p->book, m, f, &w);
            }
    }
    if (n >= 10) {
        v->lo = fit_quantile(r, n, 0.1);
        v->hi = fit_quantile(r, n, 0.9);
    }
    free(r);
}

static struct class_values start_of(struct program *p, enum calibration_class class, const char *scope) {
    char buf[2 * ID_LEN];
    for (size_t i = 0; i < p->m.n; i++)
        for (int f = 0; f < p->m.row[i].n_figures; f++)
            if (p->m.row[i].figure[f].class == class && row_counts(&p->m.row[i], f) &&
                strcmp(row_scope(&p->m.row[i], class, buf), scope) == 0)
                return shipped_values(&p->book, &p->m.row[i], class);
    return (struct class_values){.lo = NAN, .hi = NAN};
}

/* Rows of links of one family, "nvlink" for nvlink3, nvlink4 ..., when scopes[at] is its second: one link's rows are its own. */
static void fit_link_family(struct program *p, enum calibration_class class, const struct scope_list *scopes, size_t at,
                            const struct class_values *all) {
    char pattern[2 * ID_LEN + 1];
    int length = (int)strcspn(scopes->name[at], "0123456789-");
    struct class_values v = *all;
    double residual;
    size_t before = 0;
    for (size_t i = 0; i < at; i++)
        before += strncmp(scopes->name[i], scopes->name[at], (size_t)length) == 0;
    snprintf(pattern, sizeof pattern, "%.*s*", length, scopes->name[at]);
    size_t n = before == 1 ? fit_class(&p->book, class, pattern, 0.02, NULL, NULL, &v, &residual) : 0;
    pattern[length] = '\0';
    if (n > 0)
        print_values(p, pattern, class, &v, residual, n, SOURCE);
}

/* One law for all first, with bounds from GPUs that are left out in turn: what a GPU without rows gets. Then each scope by
 * itself. */
static void fit_operator(struct program *p, enum calibration_class class) {
    struct scope_list scopes;
    struct class_values all;
    double residual;
    size_t n;
    scopes_of(p, class, &scopes);
    if (!fit_for_all(&p->book, class, NULL, NULL, &all, &residual, &n))
        return;
    foreign_bounds(&p->book, class, NULL, &all);
    print_values(p, "*", class, &all, residual, n, SOURCE);
    for (size_t s = 0; s < scopes.n; s++) {
        struct class_values v = start_of(p, class, scopes.name[s]);
        if (calibration_classes[class].scope == SCOPE_LINK)
            fit_link_family(p, class, &scopes, s, &all);
        n = fit_class(&p->book, class, scopes.name[s], 0.02, NULL, NULL, &v, &residual);
        if (n == 0)
            continue;
        cross_validate(p, class, scopes.name[s], &v);
        print_values(p, scopes.name[s], class, &v, residual, n, SOURCE);
    }
}

/* Rows that are left out together: those of one model; of pools, which were measured with one model only, an eighth of the
 * layouts. */
static bool outside_group(const struct measured_row *r, void *user) {
    const struct measured_row *like = user;
    return r->file == FILE_DISAGGREGATED ? r->fold != like->fold : strcmp(r->scenario.model, like->scenario.model) != 0;
}

static bool speaks_for_row(const char *scope, const struct measured_row *r) {
    char buf[2 * ID_LEN];
    return strcmp(scope, "*") == 0 || strcmp(scope, r->engine) == 0 || strcmp(scope, row_scope(r, CAL_ENGINE, buf)) == 0;
}

/* ratio[i] = measured / predicted of figure `class` of row i by constants that did not see its group; NAN: no such figure. */
static void ratios_without_group(struct program *p, enum calibration_class class, double *ratio) {
    static struct engine_fit fits[ENGINE_FITS_MAX];
    for (size_t i = 0; i < p->m.n; i++)
        ratio[i] = NAN;
    for (size_t i = 0; i < p->m.n; i++) {
        struct measured_row *like = &p->m.row[i];
        int file = is_pool_class(class) ? FILE_DISAGGREGATED : FILE_AGGREGATED;
        if (!isnan(ratio[i]) || (int)like->file != file || !row_counts(like, 0))
            continue;
        size_t n = fit_engines(&p->book, class, outside_group, like, fits);
        for (size_t k = i; n > 0 && k < p->m.n; k++) {
            const struct measured_row *r = &p->m.row[k];
            for (int f = 0; f < r->n_figures; f++)
                if (r->figure[f].class == class && row_counts(r, f) && !outside_group(r, like))
                    ratio[k] = r->figure[f].measured / metric_unit(r->figure[f].metric) /
                               predict_with(&p->book, r, f, &engine_fit_of(fits, n, r)->values);
        }
    }
}

/* Bounds: each model predicted without itself. A new model is what users bring, or a new layout of pools. */
static void fit_engine(struct program *p, enum calibration_class class) {
    static struct engine_fit fits[ENGINE_FITS_MAX];
    size_t n = fit_engines(&p->book, class, NULL, NULL, fits);
    double *ratio = malloc((p->m.n + 1) * sizeof *ratio), *mine = malloc((p->m.n + 1) * sizeof *mine);
    if (!ratio || !mine)
        abort();
    if (n > 0)
        ratios_without_group(p, class, ratio);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < p->m.n; i++)
            mine[i] = speaks_for_row(fits[k].scope, &p->m.row[i]) ? ratio[i] : NAN;
        fits[k].values.lo = fit_quantile(mine, p->m.n, 0.1);
        fits[k].values.hi = fit_quantile(mine, p->m.n, 0.9);
        print_values(p, fits[k].scope, class, &fits[k].values, fits[k].residual, fits[k].rows, SOURCE);
    }
    free(ratio);
    free(mine);
}

static int fail(const char *what) {
    fprintf(stderr, "fit: %s\n", what);
    return 2;
}

static bool open_program(int argc, char **argv, struct program *p, char *err) {
    const char *data = getenv("MOESCOPE_DATA"), *extra = NULL;
    char path[1024];
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2)
        if (strcmp(argv[i], "--data") == 0)
            data = argv[i + 1];
        else if (strcmp(argv[i], "--presets") == 0)
            extra = argv[i + 1];
    p->only = argv + i;
    p->n_only = argc - i;
    p->book.c = catalog_open(catalog_default_dir(), NULL, extra, err);
    if (!p->book.c || !measured_read(p->book.c, data ? data : "../shared/data", &p->m, err))
        return false;
    p->book.m = &p->m;
    snprintf(path, sizeof path, "%s/calibration.csv", catalog_default_dir());
    p->shipped = fopen(path, "r");
    snprintf(err, ERROR_LEN, "%.400s cannot be read", path);
    return p->shipped != NULL;
}

int main(int argc, char **argv) {
    static struct program p;
    char err[ERROR_LEN];
    if (!open_program(argc, argv, &p, err))
        return fail(err);
    puts("scope,class,constant,value,unit,residual,rows,origin,source");
    for (int i = 0; i < CAL_COUNT; i++) {
        enum calibration_class class = (enum calibration_class)i;
        if (is_wanted(&p, class))
            calibration_classes[i].scope == SCOPE_ENGINE ? fit_engine(&p, class) : fit_operator(&p, class);
    }
    if (!csv_read(p.shipped, "calibration.csv", NULL, copy_row, &p, err))
        return fail(err);
    fclose(p.shipped);
    measured_free(&p.m);
    catalog_close(p.book.c);
    return fflush(stdout) == 0 ? 0 : 1;
}
