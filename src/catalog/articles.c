#include "catalog/articles.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/config_json.h"
#include "catalog/number.h"
#include "catalog/scenario_row.h"
#include "catalog/schema.h"
#include "catalog/store.h"
#include "core/compare.h"

const char *const article_names[] = {"serving-cost", "inference", NULL};
const char *const article_verdicts[] = {"ok", "unit", "self", "physics", "naive", NULL};
const char *const article_evidences[] = {"recomputed", "counter", "model", "floor", "ceiling",
                                         "reversed",   "fit",     "given", "words", NULL};

/* A row of articles.csv: the cell, and texts that become parts of it. */
struct article_row {
    struct article_cell cell;
    const char *formula, *counter;
};

#define AT(member) offsetof(struct article_row, cell.member)
#define LONG(column, at, need)                                                                               \
    { .name = column, .kind = CELL_LONG, .offset = at, .required = need }
#define WORD(column, member, list)                                                                           \
    { .name = column, .kind = CELL_WORD, .offset = AT(member), .required = true, .words = list }

static const struct column article_columns[] = {
    {.name = "id", .kind = CELL_ID, .offset = AT(id), .required = true},
    WORD("article", article, article_names),
    LONG("table", AT(table), true),
    LONG("row", AT(row), true),
    LONG("column", AT(column), true),
    LONG("printed", AT(printed), true),
    LONG("unit", AT(unit), false),
    LONG("formula", offsetof(struct article_row, formula), false),
    LONG("inputs", AT(recomputed.inputs), false),
    LONG("counter", offsetof(struct article_row, counter), false),
    LONG("counter_inputs", AT(counter.inputs), false),
    {.name = "scenario", .kind = CELL_ID, .offset = AT(base)},
    LONG("figure", AT(figure), false),
    {.name = "figure_scale", .kind = CELL_REAL, .offset = AT(figure_scale), .min = 1e-9, .max = 1e9},
    WORD("verdict", verdict, article_verdicts),
    WORD("evidence", evidence, article_evidences),
    {.name = "live", .kind = CELL_ID, .offset = AT(live)},
    LONG("reason", AT(reason), true),
    {.name = NULL}};

#undef AT
#undef LONG
#undef WORD

/* "h, L, f, k": what a formula takes. */
static const char *name_inputs(const struct article_formula *f, char *buf, size_t size) {
    size_t used = (size_t)snprintf(buf, size, "name=value, separated by blanks, for each of");
    for (int i = 0; i < ARTICLE_INPUTS_MAX && f->input[i] && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s %s", i ? "," : "", f->input[i]);
    return buf;
}

/* One "name=value" or "name=~value" of a working. */
static bool read_input(const char *word, size_t length, struct article_working *w) {
    char value[64];
    const char *equals = memchr(word, '=', length);
    const int i = equals ? article_input_find(w->formula, word, (int)(equals - word)) : -1;
    if (i < 0 || !isnan(w->in[i]))
        return false;
    const bool rounded = equals[1] == '~';
    const char *digits = equals + 1 + rounded;
    snprintf(value, sizeof value, "%.*s", (int)(length - (size_t)(digits - word)), digits);
    w->slack[i] = rounded ? article_number_read(digits - 1).digit / 2 : 0;
    return number_read(value, &w->in[i]);
}

static bool read_inputs(struct article_working *w) {
    int n = 0, needed = 0;
    while (needed < ARTICLE_INPUTS_MAX && w->formula->input[needed])
        w->in[needed++] = NAN;
    for (const char *p = w->inputs; *(p += strspn(p, " "));) {
        const size_t length = strcspn(p, " ");
        if (!read_input(p, length, w))
            return false;
        p += length;
        n++;
    }
    return n == needed;
}

static bool read_working(const struct csv_row *csv, const char *id, const char *column,
                         const char *inputs_column, struct article_working *w, char *err) {
    char allowed[VALUE_LEN];
    if (!*id && !*w->inputs)
        return true;
    w->formula = article_formula_find(id);
    if (!w->formula)
        return schema_refuse(csv, column, "a formula of moescope(1)", err);
    return read_inputs(w) ||
           schema_refuse(csv, inputs_column, name_inputs(w->formula, allowed, sizeof allowed), err);
}

/* Only names can fail to resolve. */
static bool same_names(const struct scenario *a, const struct scenario *b) {
    for (const struct field *f = scenario_fields; f < scenario_fields + FIELD_COUNT; f++)
        if (f->type == FIELD_TEXT && strcmp(scenario_text(a, f), scenario_text(b, f)) != 0)
            return false;
    return true;
}

/* Most rows have the names of their base, or of the row before, which have been resolved. */
static bool is_checked(const struct catalog *c, const struct scenario_preset *base,
                       const struct scenario *s) {
    const size_t n = c->articles.count;
    const struct article_cell *before = n > 0 ? catalog_article_at(c, n - 1) : NULL;
    return (base && same_names(&base->scenario, s)) ||
           (before && before->has_scenario && same_names(&before->scenario, s));
}

static bool read_scenario(struct catalog *c, const struct csv_row *csv, struct article_cell *cell,
                          char *err) {
    const struct scenario_preset *base = *cell->base ? catalog_find_scenario(c, cell->base) : NULL;
    struct deployment d;
    char what[ERROR_LEN];

    if (*cell->base && !base)
        return schema_refuse(csv, "scenario", "an id of scenarios.csv", err);
    scenario_init(&cell->scenario);
    if (base)
        cell->scenario = base->scenario;
    if (!scenario_overlay_row(csv, &cell->scenario, err))
        return false;
    cell->has_scenario = base || *cell->scenario.model;
    if (!cell->has_scenario || config_is_path(cell->scenario.model) || *cell->scenario.routing_file)
        return true;
    if (is_checked(c, base, &cell->scenario) || catalog_resolve(c, &cell->scenario, &d, what, NULL))
        return true;
    snprintf(err, ERROR_LEN, "%.150s:%ld: column %.330s", csv->file, csv->line, what);
    return false;
}

static bool read_figure(const struct csv_row *csv, struct article_cell *cell, char *err) {
    if (isnan(cell->figure_scale))
        cell->figure_scale = 1;
    if (!*cell->figure)
        return true;
    if (!cell->has_scenario)
        return schema_refuse(csv, "figure", "none, as the row has no scenario", err);
    cell->derived = article_figure_find(cell->figure);
    for (int i = 0; i < ESTIMATE_FIELD_COUNT && !cell->derived; i++)
        if (strcmp(estimate_fields[i].id, cell->figure) == 0 && estimate_fields[i].type == VALUE_NUMBER)
            cell->estimated = &estimate_fields[i];
    return cell->derived || cell->estimated ||
           schema_refuse(csv, "figure", "a number of moescope(1), FIGURES or ARTICLES", err);
}

/* What a kind of evidence cannot do without. */
static bool check_evidence(const struct csv_row *csv, const struct article_cell *cell, char *err) {
    const enum article_evidence e = (enum article_evidence)cell->evidence;
    const bool bound = e == EVIDENCE_COUNTER || e == EVIDENCE_FLOOR || e == EVIDENCE_CEILING;
    if ((bound || e == EVIDENCE_RECOMPUTED || e == EVIDENCE_MODEL) && isnan(cell->number.value))
        return schema_refuse(csv, "printed", "a text with a number, as the evidence is one", err);
    if (e == EVIDENCE_RECOMPUTED && !cell->recomputed.formula)
        return schema_refuse(csv, "formula", "a formula, as the evidence is what it gives", err);
    if ((bound || e == EVIDENCE_REVERSED) && !cell->counter.formula)
        return schema_refuse(csv, "counter", "a formula, as the evidence is what it gives", err);
    if (e == EVIDENCE_MODEL && !*cell->figure)
        return schema_refuse(csv, "figure", "a figure, as it is the evidence", err);
    if (e == EVIDENCE_FIT && !cell->has_scenario)
        return schema_refuse(csv, "scenario",
                             "an id of scenarios.csv, as the evidence is whether it is possible", err);
    return true;
}

/* --- the reason's figures --- */

enum { HOLE_RECOMPUTED, HOLE_COUNTER, HOLE_MODEL, HOLE_LIMIT, HOLE_COUNT };
static const char *const holes[HOLE_COUNT] = {"{recomputed}", "{counter}", "{model}", "{limit}"};

static int find_hole(const char *text) {
    int i = 0;
    while (i < HOLE_COUNT && strncmp(text, holes[i], strlen(holes[i])) != 0)
        i++;
    return i;
}

static bool check_reason(const struct csv_row *csv, const struct article_cell *cell, char *err) {
    for (const char *p = strchr(cell->reason, '{'); p; p = strchr(p + 1, '{'))
        if (find_hole(p) == HOLE_COUNT)
            return schema_refuse(csv, "reason", "text; in braces recomputed, counter, model or limit", err);
    return true;
}

const char *article_print(double value, char *buf) {
    if (isnan(value))
        buf[0] = '\0';
    else
        snprintf(buf, VALUE_LEN, fabs(value) >= 1000 ? "%.0f" : "%.4g", value);
    return buf;
}

/* Three digits: in a sentence. */
static void print_brief(double value, char *buf) {
    if (isnan(value))
        buf[0] = '\0';
    else
        snprintf(buf, VALUE_LEN, fabs(value) >= 1000 ? "%.0f" : "%.3g", value);
}

const char *article_reason(const struct article_cell *cell, const struct article_result *r, char *buf) {
    char figure[HOLE_COUNT][VALUE_LEN];
    size_t used = 0;

    print_brief(r->recomputed.value, figure[HOLE_RECOMPUTED]);
    print_brief(r->counter.value, figure[HOLE_COUNTER]);
    print_brief(r->model, figure[HOLE_MODEL]);
    snprintf(figure[HOLE_LIMIT], VALUE_LEN, "%s", r->limit_text);
    for (const char *p = cell->reason; *p && used < ARTICLE_REASON_LEN - 1;) {
        const int hole = find_hole(p);
        const char *text = hole == HOLE_COUNT ? p : *figure[hole] ? figure[hole] : "-";
        const int length = hole == HOLE_COUNT ? 1 : (int)strlen(text);
        used += (size_t)snprintf(buf + used, ARTICLE_REASON_LEN - used, "%.*s", length, text);
        p += hole == HOLE_COUNT ? 1 : strlen(holes[hole]);
    }
    return buf;
}

static bool finish_article(struct catalog *c, const struct csv_row *csv, void *row, char *err) {
    struct article_row *r = row;
    struct article_cell *cell = &r->cell;

    cell->number = (struct article_number){NAN, NAN};
    if (cell->evidence != EVIDENCE_WORDS)
        cell->number = article_number_read(cell->printed);
    return read_working(csv, r->formula, "formula", "inputs", &cell->recomputed, err) &&
           read_working(csv, r->counter, "counter", "counter_inputs", &cell->counter, err) &&
           read_scenario(c, csv, cell, err) && read_figure(csv, cell, err) &&
           check_evidence(csv, cell, err) && check_reason(csv, cell, err);
}

const struct schema schema_articles = {"articles.csv", article_columns, sizeof(struct article_row),
                                       finish_article};

size_t catalog_article_count(const struct catalog *c) {
    return c->articles.count;
}

const struct article_cell *catalog_article_at(const struct catalog *c, size_t i) {
    return store_at(&c->articles, i);
}

/* --- working a cell out --- */

static struct article_range work_out(const struct article_working *w) {
    return w->formula ? article_compute(w->formula, w->in, w->slack) : (struct article_range){NAN, NAN, NAN};
}

/* A figure of this program has no rounding of its own. */
static struct article_range exactly(double value) {
    return (struct article_range){value, value, value};
}

static bool agreement_fits(const struct article_cell *cell, struct article_range computed,
                           bool agrees_if_naive) {
    const bool agrees = article_agrees(cell->number, computed);
    switch ((enum article_verdict)cell->verdict) {
    case VERDICT_OK:
        return agrees;
    case VERDICT_NAIVE:
        return agrees == agrees_if_naive;
    case VERDICT_UNIT:
        return !agrees && article_agrees_in_other_unit(cell->number, computed);
    case VERDICT_SELF:
    case VERDICT_PHYSICS:
    case VERDICT_COUNT:
        break;
    }
    return !agrees;
}

static bool is_borne_out(const struct article_cell *cell, const struct article_result *r) {
    const bool ok = cell->verdict == VERDICT_OK;
    switch ((enum article_evidence)cell->evidence) {
    case EVIDENCE_RECOMPUTED:
        return agreement_fits(cell, r->recomputed, true);
    case EVIDENCE_COUNTER:
        return agreement_fits(cell, r->counter, false);
    case EVIDENCE_MODEL:
        return !isnan(r->model) && agreement_fits(cell, exactly(r->model), false);
    case EVIDENCE_FLOOR:
        return ok == (cell->number.value + cell->number.digit >= r->counter.low);
    case EVIDENCE_CEILING:
        return ok == (cell->number.value - cell->number.digit <= r->counter.high);
    case EVIDENCE_REVERSED:
        return ok == (r->counter.value <= 1);
    case EVIDENCE_FIT:
        return ok != r->impossible;
    case EVIDENCE_GIVEN:
        return ok;
    case EVIDENCE_WORDS:
        break;
    }
    return true;
}

static void take_figure(const struct article_cell *cell, const struct deployment *d, const struct estimate *e,
                        struct article_result *out) {
    double lo = NAN, hi = NAN, value = NAN;
    if (cell->derived) {
        value = cell->derived->value(d, e);
        article_figure_interval(cell->derived, e, value, &lo, &hi);
        out->origin = compare_origin(e, cell->derived->follows);
    } else if (cell->estimated) {
        const enum estimate_field_id id = (enum estimate_field_id)(cell->estimated - estimate_fields);
        value = compare_value(e, id);
        if (!compare_interval(e, id, &lo, &hi))
            lo = hi = NAN;
        out->origin = compare_origin(e, id);
    }
    out->model = value * cell->figure_scale;
    out->model_lo = lo * cell->figure_scale;
    out->model_hi = hi * cell->figure_scale;
}

static void ask_model(struct catalog *c, const struct article_cell *cell, struct load_cache *cache,
                      struct article_result *out) {
    struct deployment d;
    struct estimate e;
    char err[ERROR_LEN];

    if (!catalog_resolve(c, &cell->scenario, &d, err, NULL)) { /* a file that has gone since */
        snprintf(out->limit_text, sizeof out->limit_text, "%.150s", err);
        return;
    }
    estimate(&d, cache, &e);
    out->impossible = !e.feasible;
    out->limit = e.limit;
    snprintf(out->limit_text, sizeof out->limit_text, "%s", e.limit_text);
    take_figure(cell, &d, &e, out);
}

void article_evaluate(struct catalog *c, const struct article_cell *cell, struct load_cache *cache,
                      struct article_result *out) {
    memset(out, 0, sizeof *out);
    out->recomputed = work_out(&cell->recomputed);
    out->counter = work_out(&cell->counter);
    out->model = out->model_lo = out->model_hi = NAN;
    if (cell->has_scenario)
        ask_model(c, cell, cache, out);
    out->borne_out = is_borne_out(cell, out);
}
