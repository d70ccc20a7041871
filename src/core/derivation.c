#include "core/derivation.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/compare.h"
#include "core/formula.h"
#include "core/interval.h"
#include "core/scenario.h"
#include "core/serving.h"
#include "core/symbols.h"

enum { NAMES_MAX = 160, CLASSES_MAX = 24 };

struct working {
    const struct deployment *d;
    const struct estimate *e;
    enum estimate_field_id id;
    struct derivation_line *line;
    int n;
    /* names that the figure rests on, operands before what is made of them */
    char name[NAMES_MAX][FORMULA_NAME_LEN];
    int names;
    unsigned char class[CLASSES_MAX]; /* of the operators' constants */
    int classes;
    bool has_origin;
    enum origin worst;
};

/* --- lines ------------------------------------------------------------------------------------------------------------ */

static struct derivation_line *add(struct working *w, enum derivation_kind kind, const char *name) {
    struct derivation_line *l = &w->line[w->n < DERIVATION_MAX - 1 ? w->n++ : DERIVATION_MAX - 1];
    *l = (struct derivation_line){.kind = kind, .value = NAN, .held = NAN};
    snprintf(l->name, sizeof l->name, "%s", name);
    return l;
}

static void add_heading(struct working *w, const char *text) {
    add(w, DERIVED_HEADING, "")->meaning = text;
}

static void say(struct derivation_line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends to the line's text. */
static void say(struct derivation_line *l, const char *format, ...) {
    size_t used = strlen(l->filled);
    va_list args;
    va_start(args, format);
    vsnprintf(l->filled + used, sizeof l->filled - used, format, args);
    va_end(args);
}

static double value_of_name(void *user, const char *name) {
    const struct working *w = user;
    struct symbol s;
    return symbol_find(w->d, w->e, name, &s) ? symbol_value(w->d, w->e, &s) : NAN;
}

static void fill_formula(struct working *w, struct derivation_line *l, const char *formula) {
    bool ok;
    l->formula = formula;
    l->value = formula_eval(formula, value_of_name, w, &ok);
    formula_fill(formula, value_of_name, w, l->filled, sizeof l->filled);
}

static void take_origin(struct working *w, struct derivation_line *l, enum origin origin) {
    l->has_origin = true;
    l->origin = origin;
    w->has_origin = true;
    w->worst = interval_worse(w->worst, origin);
}

/* --- what a figure rests on ---------------------------------------------------------------------------------------------- */

/* Whether a figure inside another one's working is worked out there, or named only: memory is not taken apart once more
 * for every time that depends on how many sequences fit. */
static bool is_expanded(const struct working *w, const struct symbol *s) {
    enum value_class root = estimate_fields[w->id].class;
    if (s->kind != SYMBOL_FIGURE || !s->formula)
        return s->formula != NULL;
    enum value_class class = estimate_fields[s->field].class;
    return class == root || class == VALUE_ALWAYS || (root == VALUE_COST && class == VALUE_PERFORMANCE);
}

static bool is_named(const struct working *w, const char *name) {
    for (int i = 0; i < w->names; i++)
        if (strcmp(w->name[i], name) == 0)
            return true;
    return false;
}

static void rest_on_class(struct working *w, int code) {
    for (int i = 0; i < w->classes; i++)
        if (w->class[i] == code)
            return;
    if (w->classes < CLASSES_MAX)
        w->class[w->classes++] = (unsigned char)code;
}

static void rest_on_name(struct working *w, const char *name);

/* The datasheet's part in the operators' laws. */
static void rest_on_facts(struct working *w, const struct step *s) {
    rest_on_name(w, "gpu.mem_bw");
    rest_on_name(w, "gpu.rate");
    rest_on_name(w, "weights.bytes");
    rest_on_name(w, "kv.bytes");
    if (s->op[OP_EXPERTS].calls > 0) {
        rest_on_name(w, "gpu.rate_experts");
        rest_on_name(w, "experts.bytes");
    }
    if (s->op[OP_ALLREDUCE].calls > 0 || s->op[OP_DISPATCH].calls > 0) {
        rest_on_name(w, "link.rate");
        rest_on_name(w, "link.latency");
    }
}

static void rest_on_operators(struct working *w, enum symbol_rows rows) {
    const struct step *s = symbol_row_step(w->e, rows);
    if (rows == ROWS_PEAK || rows == ROWS_BYTES)
        return;
    rest_on_facts(w, s);
    for (int k = 0; k < OP_COUNT; k++)
        for (int i = 0; s->op[k].calls > 0 && i < s->op[k].n_basis; i++)
            rest_on_class(w, s->op[k].basis[i]);
}

enum { OPERANDS_MAX = 24 };

/* Collects the names of a formula and of the formulas behind them. From the last to the first: sections go through them
 * backwards. */
static void rest_on(struct working *w, const char *formula) {
    char name[OPERANDS_MAX][FORMULA_NAME_LEN];
    int n = 0;
    while (n < OPERANDS_MAX && formula_next_name(&formula, name[n]))
        n++;
    while (n-- > 0)
        rest_on_name(w, name[n]);
}

/* The figure itself has its line already. */
static void rest_on_name(struct working *w, const char *name) {
    struct symbol s;
    if (is_named(w, name) || strcmp(name, estimate_fields[w->id].id) == 0 || !symbol_find(w->d, w->e, name, &s))
        return;
    if (is_expanded(w, &s))
        rest_on(w, s.formula);
    if (s.kind == SYMBOL_ROWS)
        rest_on_operators(w, s.rows);
    if (w->names < NAMES_MAX)
        snprintf(w->name[w->names++], FORMULA_NAME_LEN, "%s", name);
}

/* --- sections --------------------------------------------------------------------------------------------------------- */

static enum derivation_kind kind_of(const struct working *w, const struct symbol *s) {
    switch (s->kind) {
    case SYMBOL_INPUT:
        return DERIVED_INPUT;
    case SYMBOL_FACT:
        return DERIVED_FACT;
    case SYMBOL_CONSTANT:
        return DERIVED_CONSTANT;
    case SYMBOL_LAW:
        return DERIVED_LAW;
    case SYMBOL_ROWS:
        return DERIVED_SUM;
    case SYMBOL_FIGURE:
        return is_expanded(w, s) ? DERIVED_TERM : DERIVED_FIGURE;
    case SYMBOL_TERM:
        break;
    }
    return DERIVED_TERM;
}

static void add_symbol(struct working *w, const struct symbol *s) {
    enum derivation_kind kind = kind_of(w, s);
    struct derivation_line *l = add(w, kind, s->name);
    l->meaning = s->meaning;
    l->unit = s->unit;
    l->value = l->held = s->value;
    l->row = s->row;
    if (kind == DERIVED_TERM)
        fill_formula(w, l, s->formula);
    if (kind == DERIVED_FACT)
        say(l, "%s", s->preset);
    if (s->has_origin)
        take_origin(w, l, s->origin);
}

/* All names of these kinds, under a heading; what is made of others before them. */
static void add_section(struct working *w, const char *heading, unsigned kinds) {
    struct symbol s;
    bool any = false;
    for (int i = w->names - 1; i >= 0; i--) {
        if (!symbol_find(w->d, w->e, w->name[i], &s) || !(kinds & 1u << kind_of(w, &s)))
            continue;
        if (!any)
            add_heading(w, heading);
        any = true;
        add_symbol(w, &s);
    }
}

/* "32 * 708.23 us (memory), 1410 MB, 11.27 GFLOP" */
static void describe_operator(struct working *w, enum symbol_rows rows, enum op_kind kind, struct derivation_line *l) {
    const struct op *op = &symbol_row_step(w->e, rows)->op[kind];
    char calls[32], each[32];
    say(l, "%s * %s us (%s)", formula_number(op->calls, calls), formula_number(op->seconds * 1e6, each),
        bound_names[op->bound]);
    if (op->bytes > 0)
        say(l, ", %.4g MB", op->bytes / 1e6);
    if (op->flop > 0)
        say(l, ", %.4g GFLOP", op->flop / 1e9);
    if (op->comm_bytes > 0)
        say(l, ", %.4g MB sent", op->comm_bytes / 1e6);
    if (kind == OP_EXPERTS && rows == ROWS_DECODE)
        say(l, ", %.4g experts", w->e->service.rank_distinct);
}

static void add_operator(struct working *w, enum symbol_rows rows, enum op_kind kind) {
    const struct op *op = &symbol_row_step(w->e, rows)->op[kind];
    struct derivation_line *l = add(w, DERIVED_ROW, op_names[kind]);
    char calls[32], each[32];
    l->value = symbol_row_value(w->d, w->e, rows, kind);
    formula_number(op->calls, calls);
    if (rows == ROWS_PEAK)
        say(l, "%s * %.5g GFLOP / %s TFLOP/s", calls, op->flop / 1e9, formula_number(serving_rate(w->d, kind) / 1e12, each));
    else if (rows == ROWS_BYTES)
        say(l, "%s * %.5g MB", calls, op->bytes / 1e6);
    else
        describe_operator(w, rows, kind, l);
}

/* The sum is made of the lines before it. */
static void add_rows(struct working *w, const struct symbol *s) {
    const struct step *step = symbol_row_step(w->e, s->rows);
    double sum = 0;
    add_heading(w, s->meaning);
    for (int k = 0; k < OP_COUNT; k++) {
        if (!(symbol_row_value(w->d, w->e, s->rows, (enum op_kind)k) > 0) || !(step->op[k].calls > 0))
            continue;
        add_operator(w, s->rows, (enum op_kind)k);
        w->line[w->n - 1].unit = s->unit;
        sum += w->line[w->n - 1].value;
    }
    struct derivation_line *l = add(w, DERIVED_SUM, s->name);
    l->unit = s->unit;
    l->value = sum;
    l->held = s->value;
}

/* In the order of the sums: the decode step first. */
static void add_sums(struct working *w) {
    struct symbol s;
    for (int rows = 0; rows < ROWS_COUNT; rows++)
        for (int i = 0; i < w->names; i++)
            if (symbol_find(w->d, w->e, w->name[i], &s) && s.kind == SYMBOL_ROWS && (int)s.rows == rows)
                add_rows(w, &s);
}

static bool same_source(const struct constant_source *a, const struct constant_source *b) {
    return a == b || (a && b && strcmp(a->scope, b->scope) == 0 && strcmp(a->text, b->text) == 0);
}

/* Times of another GPU count in clock cycles: they stand as they are at this one's clock. */
static void say_clock(const struct working *w, const struct class_info *info, struct derivation_line *l) {
    double from = l->row ? l->row->clock : NAN, to = w->d->gpu->clock;
    if (info->scope == SCOPE_GPU && from > 0 && to > 0 && from != to)
        say(l, "; times as at %.4g GHz instead of %.4g GHz", to / 1e9, from / 1e9);
}

/* The constants of a class, a line for each source. */
static void add_class(struct working *w, int code) {
    const struct class_info *info = &calibration_classes[code % BASIS_OUT];
    const struct class_values *v = symbol_class(w->d, code);
    for (int i = 0; i < info->n;) {
        struct derivation_line *l = add(w, DERIVED_CLASS, info->id);
        enum origin origin = ORIGIN_MEASURED;
        l->meaning = i == 0 ? info->law : NULL;
        l->row = v->source[i];
        for (bool first = true; i < info->n && same_source(l->row, v->source[i]); i++, first = false) {
            char number[32];
            const char *unit = info->constant[i].unit;
            bool bare = strcmp(unit, "1") == 0;
            say(l, "%s%s %s%s%s", first ? "" : ", ", info->constant[i].name, formula_number(v->value[i], number),
                bare ? "" : " ", bare ? "" : unit);
            origin = interval_worse(origin, v->constant_origin[i]);
        }
        say_clock(w, info, l);
        take_origin(w, l, origin);
    }
}

static void add_classes(struct working *w) {
    if (w->classes > 0)
        add_heading(w, w->id == E_MIN_GPUS ? "constants" : "constants of the operators");
    for (int i = 0; i < w->classes; i++)
        add_class(w, w->class[i]);
}

/* Where the facts of each preset are from, once. */
static void add_sources(struct working *w) {
    int first = w->n;
    struct symbol s;
    for (int i = 0; i < w->names; i++) {
        if (!symbol_find(w->d, w->e, w->name[i], &s) || s.kind != SYMBOL_FACT || !s.source)
            continue;
        bool there = false;
        for (int k = first; k < w->n; k++)
            there = there || strcmp(w->line[k].name, s.preset) == 0;
        if (!there)
            say(add(w, DERIVED_SOURCE, s.preset), "%s", s.source);
    }
}

static void add_everything(struct working *w) {
    add_section(w, "terms", 1u << DERIVED_TERM | 1u << DERIVED_LAW | 1u << DERIVED_FIGURE);
    add_sums(w);
    add_section(w, "constants", 1u << DERIVED_CONSTANT);
    add_classes(w);
    add_section(w, "presets", 1u << DERIVED_FACT);
    add_sources(w);
    add_section(w, "scenario", 1u << DERIVED_INPUT);
}

/* --- the end ------------------------------------------------------------------------------------------------------------ */

/* The origin of the figure: its interval's, that of all times, or the worst of what it rests on. False: it rests on the
 * scenario alone. */
static bool figure_origin(struct working *w, enum origin *origin) {
    const struct follower *f = compare_follower(w->id);
    enum value_class class = estimate_fields[w->id].class;
    double lo, hi;
    if (f && compare_interval(w->e, w->id, &lo, &hi))
        *origin = (enum origin)estimate_number(w->e, &estimate_fields[f->low + 2]);
    else if (class == VALUE_PERFORMANCE)
        *origin = w->e->origin;
    else if (class == VALUE_ROUTING) /* which experts are popular is the scenario's guess, or a histogram */
        *origin = w->d->skew_kind == SKEW_FILE ? ORIGIN_MEASURED : ORIGIN_ASSUMED;
    else if (w->has_origin)
        *origin = w->worst;
    else
        return false;
    return true;
}

/* p10 and p90, and how they follow from the figure. */
static void add_interval(struct working *w) {
    const struct follower *f = compare_follower(w->id);
    char low[32], high[32];
    double lo, hi;
    if (!f || !compare_interval(w->e, w->id, &lo, &hi))
        return;
    add_heading(w, "interval");
    if (f->id != f->headline) {
        say(add(w, DERIVED_WORDS, ""), "p10 %s, p90 %s %s: as wide as that of %s, which it follows%s", formula_number(lo, low),
            formula_number(hi, high), estimate_fields[w->id].unit, estimate_fields[f->headline].id,
            f->inverse ? " inversely" : "");
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct symbol s;
        if (symbol_find(w->d, w->e, estimate_fields[f->low + i].id, &s))
            add_symbol(w, &s);
    }
}

/* A figure with an interval of its own rests on what makes that, too. */
static void rest_on_interval(struct working *w) {
    const struct follower *f = compare_follower(w->id);
    double lo, hi;
    if (!f || f->id != f->headline || !compare_interval(w->e, w->id, &lo, &hi))
        return;
    rest_on(w, symbol_figure_formula(w->d, w->e, f->low));
    rest_on(w, symbol_figure_formula(w->d, w->e, f->low + 1));
}

static struct derivation_line *add_result(struct working *w) {
    const struct estimate_field *f = &estimate_fields[w->id];
    struct derivation_line *l = add(w, DERIVED_RESULT, f->id);
    char low[32], high[32];
    double lo, hi;
    l->meaning = f->label;
    l->unit = f->unit;
    l->value = l->held = estimate_number(w->e, f);
    if (compare_interval(w->e, w->id, &lo, &hi))
        say(l, "p10-p90 %s to %s", formula_number(lo, low), formula_number(hi, high));
    return l;
}

/* --- words ---------------------------------------------------------------------------------------------------------------- */

/* Why a deployment is possible, or not. */
static void work_limit(struct working *w) {
    static const char *const rules[] = {
        "gpus: tp * dp * pp divides the GPUs, those of each pool where they are apart",
        "heads: tp divides the query heads, and divides the KV heads or is divided by them",
        "experts: ep divides tp * dp and the experts with their replicas; no expert is cut into parts of blocks",
        "layers: no more stages than layers",
        "format: what is cut leaves whole blocks of scales; the KV format suits the attention",
        "context: isl + osl lie within the model's longest context",
        "budget: chunk_tokens leave room for a prompt beside a step's decoding",
        "memory: max_batch is at least dp, a sequence for each attention rank",
    };
    if (!w->e->feasible) {
        say(add(w, DERIVED_WORDS, ""), "%s", w->e->limit_text);
        return;
    }
    add_heading(w, "rules that hold");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        say(add(w, DERIVED_WORDS, ""), "%s", rules[i]);
}

/* The seconds of a decode step by what bounds them; the largest names the figure. */
static void work_bound(struct working *w) {
    double part[BOUND_COUNT];
    serving_bound(&w->e->decode, part);
    add_heading(w, "time of the decode step, summed over its operators");
    for (int b = BOUND_MEMORY; b < BOUND_COUNT; b++) {
        struct derivation_line *l = add(w, DERIVED_TERM, bound_names[b]);
        l->unit = "ms";
        l->value = part[b] * 1e3;
    }
}

/* The pool that would let fewer sequences decode names the figure. */
static void work_pool(struct working *w) {
    static const char *const formulas[] = {"prefill_capacity * decode_s", "slots"};
    add_heading(w, "sequences that each pool by itself would have decoding; the fewer bind");
    for (int i = 0; i < 2; i++) {
        struct derivation_line *l = add(w, DERIVED_TERM, pool_names[POOL_PREFILL + i]);
        l->unit = "seq";
        rest_on(w, formulas[i]);
        fill_formula(w, l, formulas[i]);
    }
    add_everything(w);
}

static void add_basis(struct working *w, const char *name, const struct class_values *v) {
    struct derivation_line *l = add(w, DERIVED_WORDS, name);
    l->row = v->source[0];
    say(l, "%s", v->inherited ? "from relatives or for all" : "its own");
    take_origin(w, l, v->origin);
}

/* An origin is the worst of the classes that the times rest on; the engine's, and for the first token its own class. */
static void work_origin(struct working *w) {
    struct basis used[INTERVAL_BASIS_MAX];
    if (w->id == E_MEM_ORIGIN) {
        take_origin(w, add(w, DERIVED_WORDS, "workspace"), ORIGIN_ASSUMED);
        say(&w->line[w->n - 1], "engines' reports of memory beside weights and KV cache spread by about a half");
        return;
    }
    add_heading(w, "constants that it rests on; the worst origin counts");
    bool pooled = w->e->feasible && w->d->mode == MODE_DISAGGREGATED;
    add_basis(w, "engine", &w->d->engine);
    if (pooled)
        add_basis(w, "pool_step", &w->d->pool_step);
    if (w->id != E_TPOT_ORIGIN)
        add_basis(w, pooled ? "pool_first" : "first_token", pooled ? &w->d->pool_first : &w->d->first_token);
    if (w->e->feasible && interval_untimed(w->d)) {
        take_origin(w, add(w, DERIVED_WORDS, "scheduling"), ORIGIN_ASSUMED);
        say(&w->line[w->n - 1], "no engine timing stands behind speculation or a token budget");
    }
    int n = w->e->feasible ? interval_basis(w->d, used) : 0;
    for (int i = 0; i < n; i++)
        add_basis(w, calibration_classes[used[i].class].id, used[i].values);
}

/* --- the unknown ---------------------------------------------------------------------------------------------------------- */

/* Why a figure is unknown. */
static const char *unknown_reason(const struct working *w) {
    const struct deployment *d = w->d;
    const struct estimate *e = w->e;
    switch (estimate_fields[w->id].class) {
    case VALUE_ALWAYS:
        break;
    case VALUE_MEMORY:
        if (w->id == E_PREFILL_MEM_GB && d->mode == MODE_AGGREGATED)
            return "serving is aggregated: there is no prefill pool";
        return w->id == E_MIN_GPUS ? "no tp and pp of any number of these GPUs hold it" : e->limit_text;
    case VALUE_ROUTING:
    case VALUE_PERFORMANCE:
    case VALUE_COST:
        if (!e->feasible)
            return e->limit_text;
    }
    if (w->id >= E_POOL_BOUND && w->id <= E_PREFILL_MEM_GB)
        return "serving is aggregated: there is no prefill pool";
    if (w->id == E_SLO_OK)
        return "no service level is set";
    if (w->id == E_JOULES_TOK || w->id == E_POWER_COST_H)
        return "the GPU's thermal design power is not known";
    if (w->id >= E_RANK_MAX_BEFORE && w->id <= E_REDUNDANT_GAIN)
        return d->redundant_experts == 0 ? "there are no redundant experts"
                                         : "without replicas the experts do not spread evenly over ep";
    if (estimate_fields[w->id].class == VALUE_COST)
        return "no price is known for this GPU; set one with price";
    return d->model->n_experts == 0 ? "a dense model has no experts to route to" : "an operand is not known";
}

/* --- one working for each estimate field ------------------------------------------------------------------------------ */

typedef void work_fn(struct working *w);

/* By its formula: the table of formulas is symbols.c. */
static void work_formula(struct working *w) {
    const struct estimate_field *f = &estimate_fields[w->id];
    const char *formula = symbol_figure_formula(w->d, w->e, w->id);
    if (!formula)
        return;
    rest_on_interval(w);
    rest_on(w, formula);
    if (w->id == E_MIN_GPUS)
        rest_on_class(w, CAL_MEMORY);
    add_heading(w, f->help);
    struct derivation_line *l = add(w, DERIVED_TERM, f->id);
    fill_formula(w, l, formula);
    l->unit = f->unit;
    l->held = estimate_number(w->e, f);
    if (w->id == E_MIN_GPUS)
        say(add(w, DERIVED_WORDS, ""), "the fewest for which max_batch is at least batch, over all tp and pp with dp 1");
    add_everything(w);
    add_interval(w);
}

static work_fn *const words[ESTIMATE_FIELD_COUNT] = {
    [E_FEASIBLE] = work_limit,          [E_LIMIT] = work_limit,       [E_BOUND] = work_bound,
    [E_POOL_BOUND] = work_pool,         [E_ORIGIN] = work_origin,     [E_TTFT_ORIGIN] = work_origin,
    [E_TPOT_ORIGIN] = work_origin,      [E_MEM_ORIGIN] = work_origin, [E_COST_M_OUT_ORIGIN] = work_origin,
    [E_OUT_TOK_S_ORIGIN] = work_origin,
};

/* A word is unknown when it prints as nothing; the limit of what is possible is "none". */
static bool is_unknown(const struct working *w) {
    const struct estimate_field *f = &estimate_fields[w->id];
    char text[VALUE_LEN];
    if (f->type == VALUE_LIMIT || f->type == VALUE_BOOL)
        return false;
    return f->type == VALUE_NUMBER ? isnan(estimate_number(w->e, f)) : !*estimate_print(w->e, f, text);
}

static void put_word(const struct working *w, struct derivation_line *l) {
    const struct estimate_field *f = &estimate_fields[w->id];
    char text[VALUE_LEN];
    if (f->type == VALUE_NUMBER) {
        snprintf(l->word, sizeof l->word, "%s", isnan(l->value) ? "-" : "");
        return;
    }
    estimate_print(w->e, f, text);
    if (f->type == VALUE_BOOL)
        snprintf(text, sizeof text, "%s", l->value > 0 ? "yes" : "no");
    snprintf(l->word, sizeof l->word, "%.30s", *text ? text : w->id == E_LIMIT ? "none" : "-");
    if (is_unknown(w))
        l->value = l->held = NAN;
}

int derivation_make(const struct deployment *d, const struct estimate *e, enum estimate_field_id id,
                    struct derivation_line *line) {
    struct working w = {.d = d, .e = e, .id = id, .line = line, .worst = ORIGIN_MEASURED};
    bool unknown = is_unknown(&w);
    if (unknown || words[id])
        add_heading(&w, estimate_fields[id].help);
    if (unknown)
        say(add(&w, DERIVED_WORDS, "unknown"), "%s", unknown_reason(&w));
    else if (words[id])
        words[id](&w);
    else
        work_formula(&w);
    struct derivation_line *l = add_result(&w);
    put_word(&w, l);
    l->has_origin = !unknown && estimate_fields[id].type == VALUE_NUMBER && figure_origin(&w, &l->origin);
    return w.n;
}
