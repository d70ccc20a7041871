/* The first article's rules: each true and false somewhere, and every turn checked on both of its sides by judging there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "catalog/catalog.h"
#include "explore/law_table.h"
#include "explore/rules.h"

static struct catalog *catalog;
static struct explorer explorer;

/* Models that nobody has made, in the place of Mixtral: one whose tokens take all experts, one that is little but experts. */
static enum { AS_IT_IS, TAKES_ALL, ALL_EXPERTS } made_up;
static struct model made_up_model;

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    if (!catalog_resolve(user, s, d, err, NULL))
        return false;
    if (made_up == AS_IT_IS || strcmp(d->model->id, "mixtral-8x7b") != 0)
        return true;
    made_up_model = *d->model;
    made_up_model.top_k = made_up == TAKES_ALL ? made_up_model.n_experts : 1;
    if (made_up == ALL_EXPERTS) {
        made_up_model.n_experts = 128;
        made_up_model.expert_ffn = 131072;
        made_up_model.n_layers = 4;
    }
    d->model = &made_up_model;
    return true;
}

/* "model=mixtral-8x7b gpus=2": a scenario. */
static struct scenario scenario_of(const char *settings) {
    struct scenario s;
    char id[32], value[64], err[ERROR_LEN];
    int used;
    scenario_init(&s);
    for (; sscanf(settings, " %31[^=]=%63s%n", id, value, &used) == 2; settings += used)
        if (!scenario_parse(&s, scenario_find_field(id), value, err))
            fail_msg("%s", err);
    return s;
}

static int rule_index(const char *id) {
    for (int i = 0; i < RULE_COUNT; i++)
        if (strcmp(rules[i].id, id) == 0)
            return i;
    fail_msg("no rule %s", id);
    return -1;
}

static const struct rule_result *judge_pair(const struct scenario *a, const struct scenario *b, const char *id) {
    static struct rule_results results;
    assert_true(rules_make(&explorer, a, b, RULES_EXACT, &results));
    return &results.rule[rule_index(id)];
}

/* The last two are the made-up models. */
static const char *const moes[] = {
    "model=mixtral-8x7b gpus=2 price=3",
    "model=mixtral-8x7b gpus=2 price=3 batch=1",
    "model=mixtral-8x7b gpus=2 price=9 batch=1024",
    "model=mixtral-8x7b gpus=1 price=3",
    "model=mixtral-8x7b gpus=1 weights=int4-awq-g128 price=3 skew_kind=zipf skew=1",
    "model=mixtral-8x7b gpus=8 tp=1 dp=8 ep=8 price=3 batch=512 skew_kind=zipf skew=1.2",
    "model=deepseek-v3 gpu=h200-sxm gpus=8 price=4 batch=64",
    "model=deepseek-v3 gpu=h200-sxm gpus=32 tp=1 dp=32 ep=32 price=4 batch=4096",
    "model=gpt-oss-120b gpu=h100-sxm gpus=1 price=4",
    "model=qwen3-30b-a3b gpu=h100-sxm gpus=4 price=4 batch=256",
    "model=mixtral-8x7b gpus=2 price=3 batch=512",
    "model=deepseek-v3 gpu=h100-sxm gpus=32 tp=1 dp=32 ep=32 price=4 batch=1600",
    "model=mixtral-8x7b gpus=2 weights=fp8 gpu=h100-sxm",
    "model=mixtral-8x7b gpus=16 gpus_per_node=16 weights=fp8 gpu=b200-sxm tp=16 ep=16 price=4",
};
static const char *const denses[] = {
    "model=llama-3.3-70b gpus=4 price=3",
    "model=llama-3.3-70b gpus=8 tp=4 pp=2 price=1 batch=1024",
    "model=llama-3.1-8b gpus=1 price=1 batch=16",
    "model=llama-3.1-405b weights=fp8 gpu=h200-sxm gpus=8 price=4",
    "model=qwen2.5-72b gpu=h200-sxm gpus=3 pp=3 tp=1 price=4",
    "model=llama-3.1-405b weights=fp8 gpu=h100-sxm gpus=8 price=4 batch=1024",
};
enum { MOES = sizeof moes / sizeof *moes, DENSES = sizeof denses / sizeof *denses };

static void each_rule_both_ways(void **state) {
    static struct rule_results results;
    int seen[RULE_COUNT] = {0}, missing = 0;
    (void)state;
    for (int i = 0; i < MOES; i++)
        for (int j = 0; j < DENSES; j++) {
            struct scenario a = scenario_of(moes[i]), b = scenario_of(denses[j]);
            made_up = i == MOES - 2 ? TAKES_ALL : i == MOES - 1 ? ALL_EXPERTS : AS_IT_IS;
            assert_true(rules_make(&explorer, &a, &b, RULES_QUICK, &results));
            assert_int_equal(results.moe, 0);
            for (int k = 0; k < RULE_COUNT; k++)
                seen[k] |= 1 << results.rule[k].verdict;
        }
    made_up = AS_IT_IS;
    for (int k = 0; k < RULE_COUNT; k++) { /* of quality nothing is known, and nothing is said */
        bool quality = strstr(rules[k].id, "quality") != NULL;
        if (quality ? seen[k] == 1 << RULE_SILENT : (seen[k] >> RULE_TRUE & 3) == 3)
            continue;
        print_error("%s: verdicts seen %#x\n", rules[k].id, (unsigned)seen[k]);
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* A slot's scenario at another batch. */
static struct scenario at_batch(const struct scenario *s, double batch) {
    struct scenario t = *s;
    t.batch = batch;
    return t;
}

static bool in_range(const struct rule *rule, double batch) {
    return batch >= rule->batch[0] && (rule->batch[1] == 0 || batch <= rule->batch[1]);
}

static void check_verdict(const struct scenario *a, const struct scenario *b, int k, bool holds, const char *where) {
    const struct rule_result *r = judge_pair(a, b, rules[k].id);
    if (r->verdict != (holds ? RULE_TRUE : RULE_FALSE))
        fail_msg("%s, %s: %s", rules[k].id, where, rule_verdict_names[r->verdict]);
}

/* Both scenarios at the batches on either side of each turn. */
static void batches_turn(void **state) {
    static struct rule_results results;
    int checked = 0, before_range = 0;
    (void)state;
    for (int i = 0; i < MOES - 2; i++) {
        struct scenario a = scenario_of(moes[i]), b = scenario_of(denses[i % DENSES]);
        assert_true(rules_make(&explorer, &a, &b, RULES_EXACT, &results));
        for (int k = 0; k < RULE_COUNT; k++) {
            struct rule_flip f = results.rule[k].flip[RULE_BATCH];
            if (isnan(f.from))
                continue;
            assert_true(f.from - f.before == 1);
            if (!in_range(&rules[k], f.before) || !in_range(&rules[k], f.from)) {
                before_range++;
                continue;
            }
            struct scenario low[2] = {at_batch(&a, f.before), at_batch(&b, f.before)};
            struct scenario high[2] = {at_batch(&a, f.from), at_batch(&b, f.from)};
            check_verdict(&low[0], &low[1], k, !f.holds_from, "below the turn");
            check_verdict(&high[0], &high[1], k, f.holds_from, "from the turn on");
            checked++;
        }
    }
    print_message("  %d turns at a batch checked, %d outside of what the rule speaks of\n", checked, before_range);
    assert_true(checked > 40);
}

/* Of the rest the figure itself says what holds there, whatever batches the rule speaks of. */
static void batches_turn_outside(void **state) {
    static struct rule_results results;
    int checked = 0;
    (void)state;
    for (int i = 0; i < MOES - 2; i++) {
        struct scenario s[2] = {scenario_of(moes[i]), scenario_of(denses[i % DENSES])};
        assert_true(rules_make(&explorer, &s[0], &s[1], RULES_EXACT, &results));
        for (int k = 0; k < RULE_COUNT; k++) {
            struct rule_flip f = results.rule[k].flip[RULE_BATCH];
            if (isnan(f.from) || strcmp(rules[k].id, "dense-latency") != 0)
                continue;
            for (int high = 0; high < 2; high++) {
                double tpot[2];
                for (int slot = 0; slot < 2; slot++) {
                    struct scenario t = at_batch(&s[slot], high ? f.from : f.before);
                    struct deployment d;
                    static struct estimate e;
                    assert_true(resolve(catalog, &t, &d));
                    estimate(&d, &explorer.cache, &e);
                    tpot[slot] = e.tpot_ms;
                }
                assert_int_equal(tpot[1] < tpot[0] / 1.005, high ? f.holds_from : !f.holds_from);
                checked++;
            }
        }
    }
    assert_true(checked > 0);
}

/* The MoE on the GPU counts on either side, in the default layout; and at prices a thousandth off the turn. */
static void gpus_and_prices_turn(void **state) {
    static struct rule_results results;
    int gpus = 0, prices = 0;
    (void)state;
    for (int i = 0; i < MOES - 2; i++)
        for (int j = 0; j < DENSES; j++) {
            struct scenario a = scenario_of(moes[i]), b = scenario_of(denses[j]);
            if (!isnan(a.tp))
                continue;
            assert_true(rules_make(&explorer, &a, &b, RULES_QUICK, &results));
            for (int k = 0; k < RULE_COUNT; k++) {
                struct rule_flip g = results.rule[k].flip[RULE_GPUS], p = results.rule[k].flip[RULE_PRICE];
                struct scenario low = a, high = a;
                if (!isnan(g.from)) {
                    low.gpus = g.before;
                    high.gpus = g.from;
                    check_verdict(&low, &b, k, !g.holds_from, "fewer GPUs");
                    check_verdict(&high, &b, k, g.holds_from, "more GPUs");
                    gpus++;
                }
                low = high = a;
                if (!isnan(p.from)) {
                    low.price = p.from * 0.994; /* beyond what counts as level */
                    high.price = p.from * 1.006;
                    check_verdict(&low, &b, k, !p.holds_from, "cheaper GPUs");
                    check_verdict(&high, &b, k, p.holds_from, "dearer GPUs");
                    prices++;
                }
            }
        }
    print_message("  %d turns at a GPU count and %d at a price checked\n", gpus, prices);
    assert_true(gpus > 10 && prices > 10);
}

/* Two MoEs, or two dense models: silent, with the figures all the same; and A and B may change places. */
static void pairs_of_a_kind(void **state) {
    struct scenario moe = scenario_of(moes[0]), dense = scenario_of(denses[0]);
    const struct rule_result *r = judge_pair(&moe, &moe, "moe-cost");
    (void)state;
    assert_int_equal(r->verdict, RULE_SILENT);
    assert_true(r->value[0] > 0 && r->value[0] == r->value[1]);
    assert_non_null(strstr(r->why, "both are mixtures of experts"));
    r = judge_pair(&dense, &dense, "dense-latency");
    assert_int_equal(r->verdict, RULE_SILENT);
    assert_true(r->value[0] > 0);
    assert_non_null(strstr(r->why, "both are dense"));
    struct rule_result there = *judge_pair(&moe, &dense, "moe-cost"), back = *judge_pair(&dense, &moe, "moe-cost");
    assert_int_equal(there.verdict, back.verdict);
    assert_true(there.value[0] == back.value[1] && there.flip[RULE_PRICE].from == back.flip[RULE_PRICE].from);
}

/* What does not run has no figures, and the rule says why instead. */
static void infeasible_is_silent(void **state) {
    struct scenario a = scenario_of("model=deepseek-v3 gpu=h100-sxm gpus=8"), b = scenario_of(denses[0]);
    const struct rule_result *r = judge_pair(&a, &b, "moe-cost");
    (void)state;
    assert_int_equal(r->verdict, RULE_SILENT);
    assert_true(isnan(r->value[0]));
    assert_non_null(strstr(r->why, "A is not possible: does not fit"));
    r = judge_pair(&a, &b, "moe-memory");
    assert_int_equal(r->verdict, RULE_FALSE);
    assert_non_null(strstr(r->why, "does not fit"));
}

/* Whether the words give both TPOTs at the batch as set. */
static bool sets_both(const struct scenario *a, const struct scenario *b, const char *why) {
    static struct estimate e;
    struct deployment d;
    double tpot[2];
    char text[96];
    for (int i = 0; i < 2; i++) {
        assert_true(resolve(catalog, i == 0 ? a : b, &d));
        estimate(&d, &explorer.cache, &e);
        tpot[i] = e.tpot_ms;
    }
    snprintf(text, sizeof text, "At the batch as set, 32: A %.3g, B %.3g, false.", tpot[0], tpot[1]);
    return strstr(why, text) != NULL;
}

/* The words carry the figures of the row: with Mixtral against Llama-70B, 1.41 and 3.06 $ as `eval` has them. */
static void words_from_figures(void **state) {
    struct scenario a = scenario_of(moes[0]), b = scenario_of(denses[0]);
    const struct rule_result *r = judge_pair(&a, &b, "moe-cost");
    char factor[64];
    (void)state;
    snprintf(factor, sizeof factor, "A's is the lower by a factor of %.2f.", r->value[1] / r->value[0]);
    assert_non_null(strstr(r->why, factor));
    assert_true(r->certain && !strstr(r->why, "uncertainty"));
    r = judge_pair(&a, &b, "dense-latency");
    assert_true(!r->certain && strstr(r->why, "within the uncertainty"));
    assert_true(r->batch[0] == 15 && strstr(r->why, "batch 15"));
    assert_true(sets_both(&a, &b, r->why));
}

/* A at batch 4 costs more than B at 64, though at any one batch A is the cheaper: the words keep the two apart. */
static void different_batches(void **state) {
    struct scenario a = scenario_of("model=mixtral-8x7b gpus=2 price=3 batch=4");
    struct scenario b = scenario_of("model=llama-3.3-70b gpus=4 price=3 batch=64");
    const struct rule_result *r = judge_pair(&a, &b, "moe-cost");
    (void)state;
    assert_int_equal(r->verdict, RULE_FALSE);
    assert_int_equal(r->at_one_batch, RULE_TRUE);
    assert_non_null(strstr(r->why, "batches 4 and 64"));
    assert_non_null(strstr(r->why, "With both at one batch it is true"));
}

/* Critical batch of an A100 in 16 bits: 312e12 * 2 / (2 * 2.039e12) = 153.0, of Mixtral's experts four times that. One
 * engine over 2 and 4 GPUs is what `eval` gives for these. */
static void laws_of_the_main_job(void **state) {
    static struct law_results r;
    static struct estimate e;
    struct scenario a = scenario_of(moes[0]), b = scenario_of(denses[0]);
    struct deployment d;
    (void)state;
    assert_true(laws_make(&explorer, &a, &b, &r));
    assert_true(fabs(r.here[0][0] - 153.02) < 0.05 && fabs(r.here[2][0] - 612.1) < 0.2);
    assert_true(isnan(r.here[2][1]) && fabs(r.article[2][0] - 153.02) < 0.05);
    assert_true(resolve(catalog, &a, &d));
    estimate(&d, &explorer.cache, &e);
    assert_true(r.series[1].gpus == 2 && r.series[1].rate[0] == e.tok_s_gpu && r.series[1].tpot_ms[0] == e.tpot_ms);
    assert_true(isnan(r.series[0].rate[0])); /* 93 GB of weights on one A100 */
}

static int open_catalog(void **state) {
    char err[ERROR_LEN];
    (void)state;
    catalog = catalog_open(catalog_default_dir(), NULL, NULL, err);
    explorer.resolve = resolve;
    explorer.user = catalog;
    if (!catalog)
        print_error("%s\n", err);
    return catalog ? 0 : -1;
}

static int close_catalog(void **state) {
    (void)state;
    catalog_close(catalog);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_both_ways), cmocka_unit_test(batches_turn), cmocka_unit_test(batches_turn_outside),
        cmocka_unit_test(gpus_and_prices_turn), cmocka_unit_test(pairs_of_a_kind), cmocka_unit_test(infeasible_is_silent),
        cmocka_unit_test(words_from_figures), cmocka_unit_test(different_batches),
        cmocka_unit_test(laws_of_the_main_job),
    };
    return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
