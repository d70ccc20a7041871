/* Workings: every figure of every scenario is arrived at by what its working shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/catalog.h"
#include "core/derivation.h"
#include "core/formula.h"
#include "core/scenario.h"
#include "fixture.h"

static struct derivation_line line[DERIVATION_MAX];
static int lines;

static const struct derivation_line *find_line(const char *name) {
    for (int i = 0; i < lines; i++)
        if (strcmp(line[i].name, name) == 0)
            return &line[i];
    return NULL;
}

static bool near(double a, double b) {
    return a == b || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b)) || fabs(a - b) < 1e-9;
}

/* --- any scenario ------------------------------------------------------------------------------------------------------- */

static struct deployment d;
static struct estimate e;
static const struct estimate_field *figure;
static char about[256]; /* the scenario, for messages */

static void expect_line(bool ok, const struct derivation_line *l, const char *what) {
    if (!ok)
        fail_msg("%s: %s: line %s (value %.17g, held %.17g): %s", about, figure->id, l->name, l->value, l->held, what);
}

static double no_name(void *user, const char *name) {
    (void)user, (void)name;
    return NAN;
}

/* The numbers filled in give the value, as far as five digits carry: where nothing cancels or is cut. */
static void check_filled(const struct derivation_line *l) {
    bool ok;
    if (!l->formula || strpbrk(l->formula, "-^<f") || strstr(l->formula, "ceil") || strstr(l->filled, "e-") ||
        !isfinite(l->value))
        return;
    double value = formula_eval(l->filled, no_name, NULL, &ok);
    expect_line(ok, l, l->filled);
    expect_line(fabs(value - l->value) <= 1e-3 * fabs(l->value), l, l->filled);
}

/* Each name in a formula has a line of its own. */
static void check_operands(const struct derivation_line *l) {
    char name[FORMULA_NAME_LEN];
    const char *at = l->formula;
    while (at && formula_next_name(&at, name))
        if (!find_line(name))
            fail_msg("%s: %s: %s = %s: %s has no line", about, figure->id, l->name, l->formula, name);
}

static void check_width(const struct derivation_line *l, int width) {
    char row[DERIVATION_ROWS][DERIVATION_ROW];
    int n = derivation_print(l, width, row);
    expect_line(n > 0 && n < DERIVATION_ROWS, l, "is too long");
    for (int i = 0; i < n; i++) {
        int cells = 0;
        for (const char *p = row[i]; *p; p++)
            cells += ((unsigned char)*p & 0xc0) != 0x80;
        expect_line(cells <= width, l, row[i]);
    }
}

static void check_lines(void) {
    double sum = 0;
    for (int i = 0; i < lines; i++) {
        const struct derivation_line *l = &line[i];
        expect_line(isnan(l->held) || near(l->value, l->held), l, "is not what the estimate was made with");
        expect_line(strlen(l->filled) + 1 < DERIVATION_TEXT, l, "is cut");
        if (l->kind == DERIVED_HEADING)
            sum = 0;
        if (l->kind == DERIVED_ROW)
            sum += l->value;
        if (l->kind == DERIVED_SUM)
            expect_line(near(sum, l->value) && l->value > 0, l, "is not the sum of its rows");
        if (l->kind == DERIVED_TERM && l->formula)
            expect_line(!isnan(l->value), l, "is unknown");
        expect_line((l->kind == DERIVED_RESULT) == (i == lines - 1), l, "the result is the last line");
        check_operands(l);
        check_filled(l);
        check_width(l, 98);
        check_width(l, 74);
    }
}

static bool any_origin(void) {
    for (int i = 0; i < lines; i++)
        if (line[i].has_origin)
            return true;
    return false;
}

/* A number is what its formula gives, or unknown for a reason. */
static void check_number(void) {
    double value = estimate_number(&e, figure);
    const struct derivation_line *last = &line[lines - 1], *reason = find_line("unknown"), *first = find_line(figure->id);
    if (isnan(value)) {
        expect_line(isnan(last->value) && strcmp(last->word, "-") == 0, last, "is known");
        expect_line(reason && strlen(reason->filled) > 10 && !strstr(reason->filled, "operand"), last,
                    "is unknown without a reason");
        return;
    }
    expect_line(last->value == value && !*last->word, last, "is not the figure");
    expect_line(!reason && (last->has_origin || !any_origin()), last, "has no origin");
    expect_line(first != last && first->formula && near(first->value, value), first, "is not what the formula gives");
}

static void check_word(void) {
    const struct derivation_line *last = &line[lines - 1], *most = NULL;
    enum origin worst = ORIGIN_MEASURED;
    char word[VALUE_LEN];
    for (int i = 0; i < lines; i++) {
        if (line[i].has_origin && line[i].origin > worst)
            worst = line[i].origin;
        if (line[i].kind == DERIVED_TERM && (!most || line[i].value > most->value))
            most = &line[i];
    }
    estimate_print(&e, figure, word);
    if (figure->type != VALUE_BOOL && *word)
        assert_string_equal(last->word, word);
    if (figure->type == VALUE_BOOL)
        assert_string_equal(last->word, e.feasible ? "yes" : "no");
    if (figure->type == VALUE_ORIGIN && *word)
        expect_line(last->value == worst, last, "is not the worst of what it rests on");
    if (figure->type == VALUE_POOL && *word)
        expect_line(strcmp(find_line("prefill")->value < find_line("decode")->value ? "prefill" : "decode", word) == 0, last,
                    "is not the pool that gives less");
    if (figure->type == VALUE_BOUND && *word)
        expect_line(most && strcmp(most->name, word) == 0, last, "is not the largest share");
    if (figure->type == VALUE_LIMIT && !e.feasible)
        expect_line(strcmp(line[lines - 2].filled, e.limit_text) == 0, last, "does not name the limit");
    if (!*word && figure->type != VALUE_LIMIT)
        expect_line(find_line("unknown") && strcmp(last->word, "-") == 0, last, "is unknown without a reason");
}

static void check_all(struct load_cache *cache) {
    estimate(&d, cache, &e);
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        figure = &estimate_fields[i];
        lines = derivation_make(&d, &e, (enum estimate_field_id)i, line);
        assert_in_range(lines, 2, DERIVATION_MAX - 1);
        assert_string_equal(line[lines - 1].name, figure->id);
        check_lines();
        if (figure->type == VALUE_NUMBER)
            check_number();
        else
            check_word();
    }
}

/* --- random ones -------------------------------------------------------------------------------------------------------- */

static uint64_t random_state = 20260;

static int roll(int n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int)((random_state >> 33) % (unsigned)n);
}

static void set_number(struct scenario *s, enum field_id id, double value) {
    char err[ERROR_LEN];
    assert_true(scenario_set_number(s, &scenario_fields[id], value, err));
}

static void set_text(struct scenario *s, enum field_id id, const char *text) {
    char err[ERROR_LEN];
    assert_true(scenario_parse(s, &scenario_fields[id], text, err));
}

static void roll_layout(struct scenario *s) {
    static const int widths[] = {1, 1, 2, 4, 8}, copies[] = {1, 1, 1, 2};
    int tp = widths[roll(5)], pp = copies[roll(4)] * copies[roll(4)], dp = widths[roll(3)] * copies[roll(4)];
    set_number(s, F_TP, tp);
    set_number(s, F_PP, pp);
    set_number(s, F_DP, dp);
    set_number(s, F_EP, roll(3) == 0 ? 1 : roll(2) ? tp * dp : dp);
    if (roll(4) == 0)
        set_number(s, F_REDUNDANT_EXPERTS, 8 * (1 + roll(4)));
    set_number(s, F_GPUS, roll(8) == 0 ? 3 : tp * dp * pp * 2 * copies[roll(4)]);
}

static void roll_scenario(const struct catalog *c, struct scenario *s) {
    static const int batches[] = {1, 2, 7, 32, 128, 700, 4096}, lengths[] = {1, 100, 512, 4000, 20000};
    static const char *const weights[] = {"", "", "fp8", "fp8-block128", "int8-w8a16", "int4-awq-g128", "mxfp4-w4a16"};
    static const char *const engines[] = {"vllm", "sglang", "trtllm", "ideal"};
    scenario_init(s);
    set_text(s, F_MODEL, catalog_model_at(c, (size_t)roll((int)catalog_model_count(c)))->id);
    set_text(s, F_GPU, catalog_gpu_at(c, (size_t)roll((int)catalog_gpu_count(c)))->id);
    set_text(s, F_WEIGHTS, weights[roll(7)]);
    set_text(s, F_KV, roll(3) ? "" : "kv-fp8");
    set_text(s, F_ENGINE, engines[roll(4)]);
    set_text(s, F_SKEW_KIND, roll(2) ? "zipf" : roll(2) ? "uniform" : "pareto");
    set_number(s, F_SKEW, 0.4 * roll(4));
    set_number(s, F_BATCH, batches[roll(7)]);
    set_number(s, F_ISL, lengths[roll(5)]);
    set_number(s, F_OSL, lengths[roll(5)]);
    set_number(s, F_PREFIX_HIT, 0.3 * roll(4));
    set_number(s, F_UTILISATION, 0.25 * (1 + roll(4)));
    if (roll(3) == 0)
        set_text(s, F_MODE, "disaggregated");
    if (roll(4) == 0)
        set_number(s, F_CHUNK_TOKENS, 128 << roll(6));
    if (roll(4) == 0) {
        set_number(s, F_SPEC_DEPTH, 1 + roll(4));
        set_number(s, F_SPEC_ACCEPTANCE, 0.5 + 0.25 * roll(3));
    }
    if (roll(2))
        set_number(s, F_SLO_TTFT_MS, 200);
    if (roll(2))
        set_number(s, F_SLO_TPOT_MS, 30);
    roll_layout(s);
    if (roll(4) == 0) /* the layout of the defaults, on a node */
        for (int i = F_TP; i <= F_EP; i++)
            scenario_set_default(s, &scenario_fields[i]);
}

/* What the scenarios were; a kind that never came up is not tested. */
enum {
    DENSE, MOE, MLA, STAGES, RANKS, QUANTISED, LIMITED, UNPRICED, NO_ROOM, NO_LAYOUT, WINDOWED, ALONE, BUDGET, DRAFTS,
    REPLICAS, POOLS, FULL_POOLS, NO_POOL, KINDS
};

static void count_kinds(int count[KINDS]) {
    bool f = e.feasible;
    count[DENSE] += f && d.model->n_experts == 0;
    count[MOE] += f && d.model->n_experts > 0;
    count[MLA] += f && d.model->attention == ATTENTION_MLA;
    count[STAGES] += f && d.pp > 1;
    count[RANKS] += f && d.dp > 1 && d.ep > 1;
    count[QUANTISED] += f && d.weights->bytes < 1.5;
    count[LIMITED] += f && (e.notes & NOTE_KV_LIMITED);
    count[UNPRICED] += f && isnan(d.price);
    count[NO_ROOM] += e.limit == LIMIT_MEMORY;
    count[NO_LAYOUT] += !f && e.limit != LIMIT_MEMORY;
    count[WINDOWED] += f && d.model->n_sliding_layers > 0;
    count[ALONE] += f && d.batch == 1;
    count[BUDGET] += f && d.chunk_tokens > 0;
    count[DRAFTS] += f && d.spec_depth > 0;
    bool pools = d.mode == MODE_DISAGGREGATED;
    count[POOLS] += f && pools;
    count[FULL_POOLS] += f && pools && e.wait_ms > 0;
    count[NO_POOL] += !f && pools;
    count[REPLICAS] += f && d.redundant_experts > 0;
}

static void test_random_scenarios(void **state) {
    struct load_cache *cache = calloc(1, sizeof *cache);
    int count[KINDS] = {0};
    struct scenario s;
    char err[ERROR_LEN];
    for (int i = 0; i < 600; i++) {
        roll_scenario(*state, &s);
        assert_true(catalog_resolve(*state, &s, &d, err, NULL));
        if (i % 5 == 0)
            d.price = NAN; /* as of a GPU without a price */
        d.admission_steps = i % 7 == 0 ? 5 : 0;
        snprintf(about, sizeof about, "%d: %s %s gpus %d tp %d pp %d dp %d ep %d batch %d isl %d osl %d", i, d.model->id,
                 d.gpu->id, d.gpus, d.tp, d.pp, d.dp, d.ep, d.batch, d.isl, d.osl);
        check_all(cache);
        count_kinds(count);
    }
    for (int k = 0; k < KINDS; k++)
        if (count[k] < 10)
            fail_msg("only %d scenarios of kind %d", count[k], k);
    free(cache);
}

/* --- the classes that an operator rests on -------------------------------------------------------------------------------- */

static bool rests_on(const struct op *o, int code) {
    for (int i = 0; i < o->n_basis; i++)
        if (o->basis[i] == code)
            return true;
    return false;
}

/* Whatever takes another time when a class's constants differ is said to rest on it. */
static void check_changes(const struct step *was, const struct step *is, int code) {
    for (int k = 0; k < OP_COUNT; k++)
        if (was->op[k].calls > 0 && was->op[k].seconds != is->op[k].seconds && !rests_on(&was->op[k], code))
            fail_msg("%s: %s changes with %s, and does not say so", about, op_names[k],
                     calibration_classes[code % BASIS_OUT].id);
}

/* One class's constants a little larger, in one of the places that they come from. */
static void check_class(struct load_cache *cache, enum calibration_class class, const struct calibration **place, int code) {
    static struct calibration changed;
    static struct estimate f;
    const struct calibration *kept = *place;
    changed = **place;
    for (int i = 0; i < CONSTANTS_MAX; i++)
        changed.of[class].value[i] *= 1.0625;
    *place = &changed;
    estimate(&d, cache, &f);
    *place = kept;
    check_changes(&e.decode, &f.decode, code);
    check_changes(&e.prefill, &f.prefill, code);
}

static void test_classes(void **state) {
    struct load_cache *cache = calloc(1, sizeof *cache);
    struct scenario s;
    char err[ERROR_LEN];
    int feasible = 0;
    for (int i = 0; i < 200; i++) {
        roll_scenario(*state, &s);
        assert_true(catalog_resolve(*state, &s, &d, err, NULL));
        estimate(&d, cache, &e);
        if (!e.feasible || d.mode == MODE_DISAGGREGATED) /* pools settle at another number of sequences */
            continue;
        feasible++;
        snprintf(about, sizeof about, "%s %s tp %d pp %d dp %d ep %d", d.model->id, d.gpu->id, d.tp, d.pp, d.dp, d.ep);
        for (int k = 0; k < OP_COUNT; k++)
            assert_true(e.decode.op[k].calls == 0 || e.decode.op[k].n_basis > 0);
        for (int c = 0; c < CAL_MEMORY; c++) {
            bool link = calibration_classes[c].scope == SCOPE_LINK;
            check_class(cache, (enum calibration_class)c, link ? &d.up_calibration : &d.calibration, c);
            if (link)
                check_class(cache, (enum calibration_class)c, &d.out_calibration, c + BASIS_OUT);
        }
    }
    assert_true(feasible > 50);
    free(cache);
}

/* --- by hand -------------------------------------------------------------------------------------------------------------- */

static double value_of(const char *name) {
    const struct derivation_line *l = find_line(name);
    if (!l)
        fail_msg("no line %s", name);
    return l->value;
}

static void work(enum estimate_field_id id) {
    static struct load_cache cache;
    memset(&cache, 0, sizeof cache);
    estimate(&d, &cache, &e);
    figure = &estimate_fields[id];
    lines = derivation_make(&d, &e, id, line);
}

/* Llama-70B over 4 GPUs in 16 bits. Per GPU and layer: queries, keys, values 8192*128*(64/4 + 2*8/4) = 20 971 520; output
 * 16*128*8192 = 16 777 216; feed-forward 3*8192*28672/4 = 176 160 768. 80 layers: 17 112 760 320. In 16 bits besides: norms
 * 80*2*8192 = 1 310 720, tables 2*128256*8192/4 = 525 336 576. Weights 2*(17 112 760 320 + 526 647 296) B = 35.278815232 GB.
 * KV of 2 sequences of 768 tokens: 2*768*80*(2*2*128)*2 B = 0.12582912 GB. */
static void test_memory_by_hand(void **state) {
    (void)state;
    d = deployment_of(&llama70b, &h100, 4);
    d.batch = 2;
    work(E_MEM_GB);
    assert_true(near(value_of("attention_in"), 20971520));
    assert_true(near(value_of("attention_out"), 16777216));
    assert_true(near(value_of("layer_ffn"), 176160768));
    assert_true(near(value_of("stage_linear"), 17112760320.0));
    assert_true(near(value_of("stage_sixteen"), 526647296));
    assert_true(near(value_of("mem_weights_gb"), 35.278815232));
    assert_true(near(value_of("mem_kv_gb"), 0.12582912));
    assert_string_equal(find_line("mem_weights_gb")->filled, "0 + (17.113e9 * 2 + 526647296 * 2) / 1e9");
    assert_true(near(line[lines - 1].value, 35.278815232 + 0.12582912 + e.mem_other_gb));
}

/* The same, without losses. A layer's qkv reads 2*8192*2560 B of weights, 2*2*8192 B in and 2*2*2560 B out at 3350 GB/s:
 * 12.5332 us, 80 times 1.00265 ms. One of two sequences meets (2 - 1)/256 prefills of the other a step. */
static void test_tpot_by_hand(void **state) {
    (void)state;
    double qkv = 80 * (2.0 * 8192 * 2560 + 4 * 8192 + 4 * 2560) / 3350e9 * 1e3, sum = 0;
    d = deployment_of(&llama70b, &h100, 4);
    d.batch = 2;
    work(E_TPOT_MS);
    assert_true(fabs(qkv - 1.00265) < 1e-5);
    assert_true(near(value_of("qkv"), qkv));
    for (int i = 0; i < lines && line[i].kind != DERIVED_SUM; i++)
        if (line[i].kind == DERIVED_ROW)
            sum += line[i].value;
    assert_true(near(value_of("decode_step_ms"), sum));
    double added = value_of("mixed_rows_ms") - value_of("decode_rows_ms");
    assert_true(near(value_of("added_ms"), added));
    assert_true(near(value_of("others_ms"), added / 256));
    assert_true(near(line[lines - 1].value, sum + added / 256));
    assert_string_equal(find_line("others_ms")->formula, "(resident / dp - 1 / dp) / osl * added_ms");
}

/* value, residual and rows of a row of calibration.csv, as they stand there. */
static void read_row(const char *beginning, double *value, double *residual, double *rows) {
    char path[1024], text[1024];
    size_t n = strlen(beginning);
    snprintf(path, sizeof path, "%s/calibration.csv", catalog_default_dir());
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    bool found = false;
    while (!found && fgets(text, sizeof text, in))
        found = strncmp(text, beginning, n) == 0 && sscanf(text + n, "%lf,1,%lf,%lf,", value, residual, rows) == 3;
    fclose(in);
    assert_true(found);
}

/* What is shown of a constant is its row of calibration.csv. */
static void test_sources(void **state) {
    struct scenario s;
    double value, residual, rows;
    char err[ERROR_LEN], row[DERIVATION_ROWS][DERIVATION_ROW], want[DERIVATION_ROW];
    read_row("vllm@hopper,first_token,prefill,", &value, &residual, &rows);
    scenario_init(&s);
    set_text(&s, F_GPU, "h200-sxm");
    assert_true(catalog_resolve(*state, &s, &d, err, NULL));
    work(E_TTFT_MS);
    const struct derivation_line *l = find_line("first_token.prefill");
    assert_non_null(l);
    assert_non_null(l->row);
    assert_string_equal(l->row->scope, "vllm@hopper");
    assert_true(l->row->rows == rows && l->row->residual == residual && l->value == value);
    assert_int_equal(derivation_print(l, 98, row), 2);
    snprintf(want, sizeof want, "      fitted (vllm@hopper), %.0f rows, residual %.5g %%: %s", rows, residual, l->row->text);
    assert_string_equal(row[1], want);
}

/* --- formulas ------------------------------------------------------------------------------------------------------------ */

static double letters(void *user, const char *name) {
    (void)user;
    return strcmp(name, "a") == 0 ? 3 : strcmp(name, "b.c_1") == 0 ? 0.5 : NAN;
}

static void test_formulas(void **state) {
    static const struct {
        const char *text;
        double value;
    } good[] = {{"1 + 2 * a", 7}, {"(1 + 2) * a / b.c_1", 18}, {"2^a^2 - 1.5e2", 362},
                {"min(a, b.c_1) + max(1, ceil(2.1))", 3.5}, {"floor(7 / 2) - -1", 4}, {"(a <= 3) * (a < 3)", 0}, {"a >= 3", 1},
                {"12.25e0", 12.25}};
    static const char *const bad[] = {"", "1 +", "(1", "min(1)", "1 2", "a b", "+", "A"};
    char filled[64];
    bool ok;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double value = formula_eval(good[i].text, letters, NULL, &ok);
        if (!ok || value != good[i].value)
            fail_msg("%s gives %g", good[i].text, value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        formula_eval(bad[i], letters, NULL, &ok);
        if (ok)
            fail_msg("'%s' is taken", bad[i]);
    }
    assert_true(isnan(formula_eval("max(1, x)", letters, NULL, &ok))); /* unknown is not zero */
    formula_fill("min(a, b.c_1) * 2 + x / 1e9", letters, NULL, filled, sizeof filled);
    assert_string_equal(filled, "min(3, 0.5) * 2 + - / 1e9");
}

/* --- main ---------------------------------------------------------------------------------------------------------------- */

static int open_presets(void **state) {
    char err[ERROR_LEN];
    *state = catalog_open(catalog_default_dir(), NULL, NULL, err);
    if (!*state)
        fprintf(stderr, "%s\n", err);
    return *state ? 0 : -1;
}

static int close_presets(void **state) {
    catalog_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),     cmocka_unit_test(test_memory_by_hand), cmocka_unit_test(test_tpot_by_hand),
        cmocka_unit_test(test_sources),      cmocka_unit_test(test_random_scenarios), cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, open_presets, close_presets);
}
