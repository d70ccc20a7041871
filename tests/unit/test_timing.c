/* Each law of time against numbers worked out on paper, on a made-up GPU with round rates. Times are compared in
 * microseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/collective.h"
#include "core/timing.h"
#include "fixture.h"

/* 10 SMs; per microsecond 1 MB from memory, 100 MFLOP in 16 bits, 200 in 8. */
static const struct gpu toy = {.id = "toy", .mem_bw = 1e12, .sms = 10, .l2_bytes = NO_CACHE,
                               .rate = {NAN, 1e14, 1e14, 2e14, 2e14, NAN, NAN}};

static const struct format fp8 = {.id = "fp8", .bytes = 1, .path = PATH_FP8, .block = 1};
static const struct format fp8_cut = {.id = "fp8-block128", .bytes = 1, .path = PATH_FP8, .block = 128};
static const struct format int8 = {.id = "int8", .bytes = 1, .path = PATH_INT8, .block = 1};

/* A calibration in which one class has these constants, in the order of calibration.c. */
#define CALIBRATED(class, ...) ((struct calibration){.of = {[class] = {.value = {__VA_ARGS__}}}})

static void assert_us(double seconds, double want_us) {
    if (!(fabs(seconds * 1e6 - want_us) <= 1e-9 * fabs(want_us)))
        fail_msg("is %.12g us, want %.12g us", seconds * 1e6, want_us);
}

/* The parts sum to the whole, and the body is bound by this. */
static void assert_timing(struct timing t, double fixed_us, double body_us, enum bound bound) {
    double sum = 0;
    for (int b = 0; b < BOUND_COUNT; b++)
        sum += t.part[b];
    assert_us(t.seconds, fixed_us + body_us);
    assert_us(sum, fixed_us + body_us);
    assert_us(t.part[BOUND_LAUNCH], fixed_us);
    assert_us(t.part[bound], body_us);
}

/* --- small pieces ------------------------------------------------------------------------------------------------------ */

/* 3 us fixed; limits of 2 and 2 us join to 2 * 2^(1/4). */
static void roofline(void **state) {
    (void)state;
    assert_timing(timing_roofline(3e-6, 2e-6, 2e-6), 3, 2 * sqrt(M_SQRT2), BOUND_MEMORY);
    assert_timing(timing_roofline(3e-6, 0, 2e-6), 3, 2, BOUND_COMPUTE);
    struct timing t = timing_add(timing_roofline(1e-6, 2e-6, 0), timing_scale(timing_roofline(1e-6, 0, 2e-6), 3));
    assert_us(t.seconds, 12);
    assert_us(t.part[BOUND_LAUNCH], 4);
    assert_us(t.part[BOUND_MEMORY], 2);
    assert_us(t.part[BOUND_COMPUTE], 6);
}

static void rates_fall_back_to_16_bits(void **state) {
    struct gpu old = {.rate = {1e12, 8e12, NAN, NAN, NAN, NAN, NAN}}, plain = {.rate = {1e12, NAN, NAN, NAN, NAN, NAN, NAN}};
    bool fallback;
    (void)state;
    assert_true(timing_rate(&toy, PATH_FP8, &fallback) == 2e14 && !fallback);
    assert_true(timing_rate(&toy, PATH_FP4, &fallback) == 1e14 && fallback);
    assert_true(timing_rate(&old, PATH_BF16, &fallback) == 8e12 && !fallback); /* no bf16: fp16 is as wide */
    assert_true(timing_rate(&old, PATH_INT8, NULL) == 8e12);
    assert_true(timing_rate(&plain, PATH_BF16, NULL) == 1e12);
}

static void formats_have_classes(void **state) {
    static const struct {
        double bytes;
        enum compute_path path;
        int block;
        enum format_class class;
    } rows[] = {{2, PATH_BF16, 1, FORMAT_16},        {4, PATH_FP32, 1, FORMAT_16},
                {1, PATH_FP8, 1, FORMAT_FP8},        {1.0002, PATH_FP8, 128, FORMAT_FP8_BLOCK},
                {0.52, PATH_FP8, 1, FORMAT_W4A8},    {1, PATH_INT8, 1, FORMAT_INT8},
                {0.5625, PATH_FP4, 1, FORMAT_FP4},   {0.5, PATH_INT4, 1, FORMAT_FP4},
                {1, PATH_FP16, 1, FORMAT_W8A16},     {0.52, PATH_FP16, 1, FORMAT_W4A16}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct format f = {.bytes = rows[i].bytes, .path = rows[i].path, .block = rows[i].block};
        assert_int_equal(format_class_of(&f), rows[i].class);
    }
}

/* Ids and names are keys of a file: no two alike; and every start is a value that the file may hold. */
static void classes_are_sound(void **state) {
    (void)state;
    for (int i = 0; i < CAL_COUNT; i++) {
        const struct class_info *c = &calibration_classes[i];
        assert_true(c->id && c->law && c->n > 0 && c->n <= CONSTANTS_MAX);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(c->id, calibration_classes[j].id);
        for (int k = 0; k < c->n; k++) {
            const struct constant_info *k_info = &c->constant[k];
            assert_true(k_info->name && k_info->unit && k_info->meaning);
            if (!(k_info->low <= k_info->start && k_info->start <= k_info->high))
                fail_msg("%s %s: start %g is not in %g to %g", c->id, k_info->name, k_info->start, k_info->low, k_info->high);
            for (int j = 0; j < k; j++)
                assert_string_not_equal(k_info->name, c->constant[j].name);
        }
    }
}

/* Laws and tests know constants by their place, files by their name: which is which. */
static void constants_stand_in_order(void **state) {
    static const struct {
        enum calibration_class class;
        const char *names;
    } rows[] = {
        {CAL_GEMM + FORMAT_16, "t0 mem_eff compute_eff unhidden depth fill feed wave split l2 cta throttle "},
        {CAL_EXPERTS + FORMAT_16,
         "t0 mem_eff compute_eff tile_fixed ramp depth token_pass row_pass expert held tile_by_rows "},
        {CAL_DECODE_HEAD_16, "t0 width bw flop cta cta_fixed free split skip norm "},
        {CAL_DECODE_GROUP_16, "t0 narrow width bw cta cta_fixed cta_heads free split skip serial norm "},
        {CAL_PREFILL_16, "t0 query_bw key_bw rate softmax diagonal cta last wide narrow edge "},
        {CAL_MLA_DECODE_16, "t0 heads bw rate cta free io split split_tokens pass norm "},
        {CAL_MLA_PREFILL_16, "t0 query_bw latent_bw rate diagonal cta last "},
        {CAL_NCCL_ALLREDUCE, "base step small ramp ramp_end local wire host int8 "},
        {CAL_ENGINE_ALLREDUCE, "base step small read cap nccl "},
        {CAL_DEEPEP_LL_DISPATCH, "base expert hidden wire copy "},
        {CAL_DEEPEP_DISPATCH, "base hidden ramp token copy element wire "},
        {CAL_ELEMENTWISE, "t0 mem_eff "},
        {CAL_STAGE, "t0 eff "},
        {CAL_MEMORY, "runtime collective activation chunk reserve "},
        {CAL_POWER, "idle memory compute "},
        {CAL_ENGINE, "floor layer moe_layer allreduce allreduce_log step sequence prefill skew_share experts experts_w4a16 "},
        {CAL_FIRST_TOKEN, "request prefill steps moe_steps burst "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct class_info *c = &calibration_classes[rows[i].class];
        char names[256] = "";
        for (int k = 0; k < c->n; k++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s ", c->constant[k].name);
        assert_string_equal(names, rows[i].names);
    }
}

/* 2 kernels of 3 us, 1 MB at half the bandwidth. */
static void elementwise(void **state) {
    struct calibration c = CALIBRATED(CAL_ELEMENTWISE, 3, 0.5);
    (void)state;
    assert_timing(elementwise_time(&c, &toy, 1e6, 2), 6, 2, BOUND_MEMORY);
}

/* --- matrix products --------------------------------------------------------------------------------------------------- */

/* One row through 1000 x 1000 weights: 2 * (1,000,000 + 1000 + 1000) B at half the bandwidth are 4.008 us, behind a launch
 * of 3. Its 16 tiles of 16 x 64, in 1.6 waves, multiply for a third of a microsecond, which is hidden. */
static void gemm_of_a_row_is_memory_bound(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_16, 3, 0.5, 1, 0, 0, 0, 0, 0, 0, FREELY, FREELY, 0);
    (void)state;
    assert_timing(gemm_time(&c, &toy, &bf16, 1, 1000, 1000), 3, 4.008, BOUND_MEMORY);
}

/* 128 rows through 1000 x 2560: ten tiles of 128 x 256, one for each SM. With a feed of 64 they are the best (tiles of
 * 128 x 128 run at 1.75 / 2 of their rate). At 80 % of the rate, 100 steps of filling on top of 1000:
 *   2 * 128 * 2560 * 1100 / 80 MFLOP/us = 9.0112 us
 *   2 * (128,000 + 2,560,000 + 327,680) B = 6.03136 us of memory, of which a quarter is not hidden: 1.50784 us */
static void gemm_of_whole_tiles(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_16, 2, 1, 0.8, 0.25, 0, 100, 64, 0, 0, FREELY, FREELY, 0);
    double *v = c.of[CAL_GEMM + FORMAT_16].value;
    (void)state;
    assert_timing(gemm_time(&c, &toy, &bf16, 128, 2560, 1000), 2, 9.0112 + 1.50784, BOUND_COMPUTE);
    /* throttle: the 8.192 us without the filling are 0.008192 ms */
    v[11] = 1;
    assert_timing(gemm_time(&c, &toy, &bf16, 128, 2560, 1000), 2, 9.0112 * 1.008192 + 1.50784, BOUND_COMPUTE);
    /* depth: a step takes 20 ns at least, 1100 of them 22 us */
    v[4] = 20;
    assert_timing(gemm_time(&c, &toy, &bf16, 128, 2560, 1000), 2, 22 + 1.50784, BOUND_COMPUTE);
}

/* 1024 rows through 1000 x 352: of the tiles of 128 x 256 there are 8 * 2 = 16 in 1.6 waves, of 128 x 128 8 * 3 = 24 in 2.4,
 * and so on. With hard waves (1) the steps of 10 ns make 128 x 256 the best: 2 waves of 1000 steps, 20 us; with soft ones
 * (0) 1.6 waves, and half of each with 0.5. */
static void gemm_waves(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_16, 0, 1, 1, 0, 10, 0, 0, 0, 0, FREELY, FREELY, 0);
    (void)state;
    for (int i = 0; i <= 2; i++) {
        c.of[CAL_GEMM + FORMAT_16].value[7] = i / 2.0;
        assert_us(gemm_time(&c, &toy, &bf16, 1024, 352, 1000).seconds, 16 + 2 * i);
    }
}

/* One tile, 16 x 64 of depth 4096, and steps of 10 ns: 40.96 us on one SM. Split in 16, the CTAs of 256 steps take 1.6
 * waves: 4.096 us, and the split 3 us. In 8: 5.12 us. Where a split costs 50 us, there is none. */
static void gemm_splits_its_depth(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_16, 0, 1, 1, 0, 10, 0, 0, 0, 3, FREELY, FREELY, 0);
    (void)state;
    assert_us(gemm_time(&c, &toy, &bf16, 16, 64, 4096).seconds, 4.096 + 3);
    c.of[CAL_GEMM + FORMAT_16].value[8] = 50;
    assert_us(gemm_time(&c, &toy, &bf16, 16, 64, 4096).seconds, 40.96);
}

/* Blocks of scales, one tile of 16 x 128 of depth 1024, which is never split: 131,072 + 1.03 * 16,384 + 2 * 2048 B =
 * 152,043.52 B. A CTA draws 10 B/kFLOP of its SM's 10,000 kFLOP/us: 0.1 MB/us, so 1.5204352 us instead of 0.152. */
static void gemm_of_a_cta_draws_little(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_FP8_BLOCK, 0, 1, 1, 0, 0, 0, 0, 0, FREELY, 10, 0, FREELY);
    (void)state;
    assert_timing(gemm_time(&c, &toy, &fp8_cut, 16, 128, 1024), 0, 1.5204352, BOUND_MEMORY);
}

/* FP8: 2,000,000 + 100,000 + 2 * 200,000 B at half the bandwidth are 5 us, longer than any tiles multiply (under 3 us). First
 * the 100 rows of 1000 are quantised, at 0.5 elements a kFLOP of 100,000 kFLOP/us: 2 us. */
static void gemm_quantises_activations(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_FP8, 0, 0.5, 1, 0, 0, 0, 0, 0, FREELY, FREELY, 0, FREELY);
    (void)state;
    assert_us(gemm_time(&c, &toy, &fp8, 100, 2000, 1000).seconds, 5);
    c.of[CAL_GEMM + FORMAT_FP8].value[11] = 0.5;
    assert_us(gemm_time(&c, &toy, &fp8, 100, 2000, 1000).seconds, 7);
}

/* INT8, two rows of 1000 x 1000, without tensor cores: launch 5 us, and the longest of 2 ns a step of depth (2 us), 3 ns an
 * element of the result (6 us) and memory (1.006 us). Five rows take the other kernel: launch 1 us. */
static void gemm_of_few_rows(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_INT8, 1, 1, 1, 0, 0, 0, 0, 0, 0, 5, 2, 3);
    double *v = c.of[CAL_GEMM + FORMAT_INT8].value;
    (void)state;
    assert_us(gemm_time(&c, &toy, &int8, 2, 1000, 1000).seconds, 11);
    v[11] = 0;
    assert_us(gemm_time(&c, &toy, &int8, 2, 1000, 1000).seconds, 7);
    v[10] = 0; /* 1,000,000 + 2 * 1000 + 2 * 2 * 1000 B */
    assert_timing(gemm_time(&c, &toy, &int8, 2, 1000, 1000), 5, 1.006, BOUND_MEMORY);
    assert_us(gemm_time(&c, &toy, &int8, 5, 1000, 1000).part[BOUND_LAUNCH], 1);
}

/* A benchmark whose five copies of the weights (10 MB) stay in an L2 of 1 GB reads them at 40 B/kFLOP: 4 MB/us. In a step
 * other layers come between. */
static void gemm_benchmark_hits_the_cache(void **state) {
    struct calibration c = CALIBRATED(CAL_GEMM + FORMAT_16, 3, 1, 1, 0, 0, 0, 0, 0, 0, 40, FREELY, 0);
    struct gpu g = toy;
    (void)state;
    g.l2_bytes = 1e9;
    assert_us(gemm_benchmark_time(&c, &g, &bf16, 1, 1000, 1000).seconds, 3 + 0.501);
    assert_us(gemm_time(&c, &g, &bf16, 1, 1000, 1000).seconds, 3 + 2.004);
    assert_us(gemm_benchmark_time(&c, &toy, &bf16, 1, 1000, 1000).seconds, 3 + 2.004);
}

/* --- the same constants in each format, which has its own subset ------------------------------------------------------- */

static const struct format of_class[FORMAT_CLASS_COUNT] = {
    [FORMAT_16] = {.bytes = 2, .path = PATH_BF16, .block = 1},    [FORMAT_FP8] = {.bytes = 1, .path = PATH_FP8, .block = 1},
    [FORMAT_FP8_BLOCK] = {.bytes = 1, .path = PATH_FP8, .block = 128}, [FORMAT_FP4] = {.bytes = 0.5, .path = PATH_FP4, .block = 1},
    [FORMAT_INT8] = {.bytes = 1, .path = PATH_INT8, .block = 1},  [FORMAT_W8A16] = {.bytes = 1, .path = PATH_BF16, .block = 1},
    [FORMAT_W4A16] = {.bytes = 0.5, .path = PATH_BF16, .block = 1}, [FORMAT_W4A8] = {.bytes = 0.5, .path = PATH_FP8, .block = 1},
};

static double *named(struct calibration *c, int format, const char *name) {
    const struct class_info *info = &calibration_classes[CAL_GEMM + format];
    for (int i = 0; i < info->n; i++)
        if (strcmp(info->constant[i].name, name) == 0)
            return &c->of[CAL_GEMM + format].value[i];
    return NULL;
}

static void set(struct calibration *c, int format, const char *name, double value) {
    double *at = named(c, format, name);
    if (at)
        *at = value;
}

/* Nothing but multiplying at 100 MFLOP/us in every format, no splitting, no losses but those that a format cannot be rid of. */
static struct calibration multiplying(int format) {
    struct calibration c = {0};
    static const char *const ones[] = {"mem_eff", "compute_eff"}, *const free[] = {"l2", "cta", "quantise", "split"};
    for (int i = 0; i < 2; i++)
        set(&c, format, ones[i], 1);
    for (int i = 0; i < 4; i++)
        set(&c, format, free[i], FREELY);
    return c;
}

static double gemm_us(const struct calibration *c, int format, double m, double n, double k) {
    struct gpu g = toy;
    g.mem_bw = 1e30;
    for (int i = 0; i < PATH_COUNT; i++)
        g.rate[i] = 1e14;
    assert_int_equal(format_class_of(&of_class[format]), format);
    return gemm_time(c, &g, &of_class[format], m, n, k).seconds * 1e6;
}

static void near(const char *what, int format, double is, double want) {
    if (!(fabs(is - want) <= 1e-9 * fabs(want)))
        fail_msg("%s of %s: is %.12g us, want %.12g us", what, calibration_classes[CAL_GEMM + format].id, is, want);
}

/* One tile of 16 x 64 (16 x 128 with blocks of scales), depth 1000. A feed of 256/3 doubles the reference rate of an SM and
 * has the tile take 2 * (16 * 64 + 256/3 * 80) FLOP a step: 0.785066... us. A throttle of 1 lengthens it by the time of the
 * product on the whole GPU, in milliseconds. Quantising 16,000 elements at 0.01 a kFLOP takes 16 us. */
static void gemm_constants_of_tiles(void **state) {
    (void)state;
    for (int f = 0; f < FORMAT_CLASS_COUNT; f++) {
        double columns = f == FORMAT_FP8_BLOCK ? 128 : 64;
        struct calibration c = multiplying(f);
        if (named(&c, f, "feed")) {
            set(&c, f, "feed", 256 / 3.0);
            double tile = 2 * (16 * columns + 256 / 3.0 * (16 + columns)) * 1000 / 2 / 1e7;
            if (!named(&c, f, "throttle")) /* stays at a small default */
                tile *= pow(1 + 2 * 16 * columns * 1000 / 1e8 * 1e-3, f == FORMAT_FP4 ? 0.03 : 0.0005);
            near("feed", f, gemm_us(&c, f, 16, columns, 1000), tile);
        }
        if (named(&c, f, "throttle")) {
            double still = gemm_us(&c, f, 16, columns, 1000);
            set(&c, f, "throttle", 1);
            near("throttle", f, gemm_us(&c, f, 16, columns, 1000), still * (1 + 2 * 16 * columns * 1000 / 1e8 * 1e-3));
        }
        if (named(&c, f, "quantise")) {
            double at_once = gemm_us(&c, f, 16, columns, 1000);
            set(&c, f, "quantise", 0.01);
            near("quantise", f, gemm_us(&c, f, 16, columns, 1000), at_once + 16);
        }
    }
}

/* The tile of depth 4096 with steps of 10 ns (above): split in 16, 1.6 waves; in hard waves that is no better than in 8. Soft
 * waves of 0.2 where a format has no constant for them. Blocks of scales are not split: 24 tiles of 128 x 128 in 2.4 waves. */
static void gemm_constants_of_waves(void **state) {
    (void)state;
    for (int f = 0; f < FORMAT_CLASS_COUNT; f++) {
        struct calibration c = multiplying(f);
        set(&c, f, "depth", 10);
        if (f == FORMAT_FP8_BLOCK) {
            near("wave", f, gemm_us(&c, f, 1024, 352, 1000), 24);
            set(&c, f, "wave", 1);
            near("wave", f, gemm_us(&c, f, 1024, 352, 1000), 30);
            continue;
        }
        set(&c, f, "split", 3);
        near("split", f, gemm_us(&c, f, 16, 64, 4096), 3 + 2.56 * (named(&c, f, "wave") ? 1.6 : 1.68));
        set(&c, f, "wave", 1);
        near("wave", f, gemm_us(&c, f, 16, 64, 4096), 3 + (named(&c, f, "wave") ? 5.12 : 2.56 * 1.68));
    }
}

/* Formats with a kernel of their own for a single row: 5 us, and 2 ns a step of depth. */
static void gemm_constants_of_few_rows(void **state) {
    (void)state;
    for (int f = 0; f < FORMAT_CLASS_COUNT; f++) {
        struct calibration c = multiplying(f);
        if (!named(&c, f, "small_t0"))
            continue;
        set(&c, f, "small_t0", 5);
        set(&c, f, "small_depth", 2);
        near("small_depth", f, gemm_us(&c, f, 1, 10, 1000), 7);
    }
}

/* One tile of depth 256 on one CTA that draws 0.1 MB/us; and one row through 1000 x 4000 again and again, from an L2 of
 * 2 MB/us, or from memory at 1 MB/us where the L2 would be slower. */
static void gemm_constants_of_caches(void **state) {
    struct gpu g = toy;
    (void)state;
    g.l2_bytes = 1e9;
    for (int f = 0; f < FORMAT_CLASS_COUNT; f++) {
        const struct format *w = &of_class[f];
        double columns = f == FORMAT_FP8_BLOCK ? 128 : 64, activation = f == FORMAT_16 ? 2 : f == FORMAT_FP8_BLOCK ? 1.03 : 1;
        double tile = 256 * columns * w->bytes + 16 * 256 * activation + 2 * 16 * columns;
        double row = 4e6 * w->bytes + 1000 * activation + 2 * 4000;
        struct calibration c = multiplying(f);
        if (!named(&c, f, "cta"))
            continue;
        set(&c, f, "cta", 10);
        near("cta", f, gemm_us(&c, f, 16, columns, 256), tile / 1e5);
        set(&c, f, "cta", FREELY);
        set(&c, f, "l2", 20);
        near("l2", f, gemm_benchmark_time(&c, &g, w, 1, 4000, 1000).seconds * 1e6, row / 2e6);
        set(&c, f, "l2", 8);
        near("l2", f, gemm_benchmark_time(&c, &g, w, 1, 4000, 1000).seconds * 1e6, row / 1e6);
    }
}

/* --- attention --------------------------------------------------------------------------------------------------------- */

/* 2 sequences, 4 heads of their own cache, 585.9375 tokens * 128 = 75,000 elements, which is three times what a CTA takes
 * whole: log2(1 + 3) = 2.
 *   fixed   launch 3, width 1, two doublings of 0.5: 5 us
 *   memory  2 * 585.9375 * 4 * 2 * 128 * 2 B = 2.4 MB at half the bandwidth: 4.8 us
 *   CTAs    8 on 10 SMs, of which 0.3 are free: 0.5 * 2 us = 1 us
 *   dots    8 * 75,000 * 4 FLOP at 100,000 a microsecond and SM: 2.4 us */
static void decode_by_head(void **state) {
    struct calibration c = CALIBRATED(CAL_DECODE_HEAD_16, 3, 1, 0.5, 1e5, 2, 0, 0.3, 0.5, 0, 1);
    double *v = c.of[CAL_DECODE_HEAD_16].value;
    struct attention_shape s = {.batch = 2, .context = 585.9375, .heads = 4, .kv_heads = 4, .head_dim = 128, .kv_bytes = 2};
    (void)state;
    v[4] = 2, v[5] = 128; /* a CTA's time as its width and 128 more: no change at a width of 128 */
    assert_timing(attention_decode_time(&c, &toy, &s), 5, 4.8 + 1 + 2.4, BOUND_MEMORY);
    v[3] = 1e5 / 1.5, v[4] = 0, v[9] = 2; /* 4.8 and 3.6 in the 2-norm: 6 */
    assert_timing(attention_decode_time(&c, &toy, &s), 5, 6, BOUND_MEMORY);
    v[3] = 1e5, v[9] = 1;
    /* 8192 tokens of which a window hides all but the 585.9375: 8 * 8192 / 262,144 = 1/4, the root of it is 1/2 */
    v[8] = 2, s.context = 8192, s.window = 585.9375;
    assert_timing(attention_decode_time(&c, &toy, &s), 5 + 1, 4.8 + 2.4, BOUND_MEMORY);
    /* heads of 96 run in kernels for 128, but only 96 are read */
    s.head_dim = 96;
    assert_timing(attention_decode_time(&c, &toy, &s), 5 + 1, 3.6 + 2.4, BOUND_MEMORY);
}

/* 3 sequences, 2 KV heads with 8 query heads each, width 64, 1171.875 tokens * 64 = 75,000 elements.
 *   fixed   launch 2, narrow 0.5, width 1 * 64 / 128, two doublings of 0.25: 3.5 us
 *   memory  3 * 1171.875 * 2 * 2 * 64 * 2 B = 1.8 MB: 1.8 us
 *   CTAs    6 on 10 SMs, 0.1 free: 0.5 * 3 us * (64 + 64) / (128 + 64) = 1 us
 *   passes  6 * 16 heads * 75,000 * 4 FLOP at half of 100 MFLOP/us: 0.576 us
 *   walk    75,000 elements of 10 ps: 0.75 us */
static void decode_by_group(void **state) {
    struct calibration c = CALIBRATED(CAL_DECODE_GROUP_16, 2, 0.5, 1, 1, 3, 64, 0, 0.1, 0.25, 0, 1e-5, 1);
    double *v = c.of[CAL_DECODE_GROUP_16].value;
    struct attention_shape s = {.batch = 3, .context = 1171.875, .heads = 16, .kv_heads = 2, .head_dim = 64, .kv_bytes = 2};
    (void)state;
    assert_timing(attention_decode_time(&c, &toy, &s), 3.5, 1.8 + 1 + 0.576 + 0.75, BOUND_MEMORY);
    /* 0.5 us for each of 8 query heads at half the width is 2 us, as much as the CTA: 2 * 2^(1/4) */
    v[6] = 0.5;
    assert_timing(attention_decode_time(&c, &toy, &s), 3.5, 1.8 + sqrt(M_SQRT2) + 0.576 + 0.75, BOUND_MEMORY);
    /* a kernel that a benchmark's cache makes faster than the memory is no faster than the memory in a step */
    v[6] = 0, v[3] = 1.5;
    assert_timing(attention_decode_time(&c, &toy, &s), 3.5, 1.8 + 1 + 0.576 + 0.75, BOUND_MEMORY);
    v[3] = 1;
    /* 17 query heads of a group need a second pass; 8192 tokens behind a window: 6 * 8192 / 262,144 is 3/16 */
    v[6] = 0, s.heads = 34;
    assert_timing(attention_decode_time(&c, &toy, &s), 3.5, 1.8 + 1 + 2 * 0.576 + 0.75, BOUND_MEMORY);
    v[9] = 2, s.context = 8192, s.window = 1171.875;
    assert_timing(attention_decode_time(&c, &toy, &s), 3.5 + sqrt(0.75), 1.8 + 1 + 2 * 0.576 + 0.75, BOUND_MEMORY);
}

/* A cache as large as the L2, read again and again, comes half from it at 31 kB/us and SM, half from memory; 100 SMs. In a
 * step other layers come between: all of it comes from memory. */
static void decode_from_the_cache(void **state) {
    struct calibration c = CALIBRATED(CAL_DECODE_GROUP_16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 100);
    struct attention_shape s = {.batch = 3, .context = 1171.875, .heads = 16, .kv_heads = 2, .head_dim = 64, .kv_bytes = 2,
                                .repeated = true};
    struct gpu g = toy;
    (void)state;
    g.sms = 100, g.l2_bytes = 1.8e6;
    assert_us(attention_decode_time(&c, &g, &s).seconds, 0.9 + 0.9 / 3.1);
    g.l2_bytes = 1.8e3;
    assert_us(attention_decode_time(&c, &g, &s).seconds, 1.8);
    g.l2_bytes = 1.8e9, s.repeated = false;
    assert_us(attention_decode_time(&c, &g, &s).seconds, 1.8);
}

static void classes_of_attention(void **state) {
    struct attention_shape s = {.heads = 32, .kv_heads = 8, .kv_bytes = 2};
    struct mla_shape m = {.kv_bytes = 2};
    struct gpu fast = toy, old = toy;
    (void)state;
    fast.mem_bw = 2e12, old.rate[PATH_FP8] = NAN;
    assert_int_equal(attention_decode_class(&s), CAL_DECODE_GROUP_16);
    assert_int_equal(attention_prefill_class(&fast, &s), CAL_PREFILL_16);
    assert_int_equal(mla_decode_class(&m), CAL_MLA_DECODE_16);
    assert_int_equal(mla_prefill_class(&m), CAL_MLA_PREFILL_16);
    s.kv_bytes = m.kv_bytes = 1;
    assert_int_equal(attention_decode_class(&s), CAL_DECODE_GROUP_8);
    assert_int_equal(attention_prefill_class(&fast, &s), CAL_PREFILL_8);
    assert_int_equal(attention_prefill_class(&toy, &s), CAL_PREFILL_16); /* a card without HBM: only when queries are in FP8 */
    s.fp8 = true;
    assert_int_equal(attention_prefill_class(&toy, &s), CAL_PREFILL_8);
    assert_int_equal(attention_prefill_class(&old, &s), CAL_PREFILL_16);
    assert_int_equal(mla_decode_class(&m), CAL_MLA_DECODE_8);
    assert_int_equal(mla_prefill_class(&m), CAL_MLA_PREFILL_8);
    s.kv_heads = 32; /* every head its own */
    assert_int_equal(attention_decode_class(&s), CAL_DECODE_HEAD_8);
    s.heads = 64, s.kv_heads = 1, s.kv_bytes = 2; /* groups of more than 32 */
    assert_int_equal(attention_decode_class(&s), CAL_DECODE_HEAD_16);
    s.heads = 32;
    assert_int_equal(attention_decode_class(&s), CAL_DECODE_GROUP_16);
}

/* 1000 tokens, 2 heads of width 128 on one KV head; 256,000 B a head.
 *   scores  n^2/2 = 500,000 and 100 on each row's diagonal: 600,000 a head; 4 * 128 FLOP at half the rate: 10.24 ps each
 *           2 * 600,000 * 10.24 ps = 12.288 us
 *   io      queries and outputs 4 * 256,000 * 2 B at twice the bandwidth 1.024 us, keys and values 4 * 256,000 B 1.024 us
 *   CTAs    2 heads * 8 tiles of 128 rows, 2 us each, on 10 SMs: 3.2 us */
static void prefill_is_causal(void **state) {
    struct calibration c = CALIBRATED(CAL_PREFILL_16, 4, 2, 1, 0.5, 0, 100, 2, 0, 1.5, 3, 2);
    double *v = c.of[CAL_PREFILL_16].value;
    struct attention_shape s = {.batch = 1, .tokens = 1000, .heads = 2, .kv_heads = 1, .head_dim = 128, .kv_bytes = 2}, t = s;
    (void)state;
    assert_timing(attention_prefill_time(&c, &toy, &s), 4, 2.048 + 3.2 + 12.288, BOUND_COMPUTE);
    /* 500 tokens cached in front: 1000 * 500 more scores a head, half as many keys again */
    t.context = 500;
    assert_timing(attention_prefill_time(&c, &toy, &t), 4, 1.024 + 1.536 + 3.2 + 2 * 1.1e6 * 10.24e-6, BOUND_COMPUTE);
    /* a window of 200: the first 200 see 100 on the mean, the other 800 see 200, and edges count twice: 200,000 */
    t = s, t.window = 200;
    assert_timing(attention_prefill_time(&c, &toy, &t), 4, 2.048 + 3.2 + 2 * (20e3 + 160e3 + 200e3) * 10.24e-6, BOUND_COMPUTE);
    /* of width 64 everything but the CTAs is half, and kernels of that width are 3 times worse */
    t = s, t.head_dim = 64;
    assert_timing(attention_prefill_time(&c, &toy, &t), 4, 1.024 + 3 * 3.2 + 3 * 6.144, BOUND_COMPUTE);
    /* of width 256 everything but the CTAs is double, and kernels of that width are 1.5 times worse */
    t = s, t.head_dim = 256;
    assert_timing(attention_prefill_time(&c, &toy, &t), 4, 4.096 + 1.5 * 3.2 + 1.5 * 24.576, BOUND_COMPUTE);
    /* the softmax of a score, 102.4 ps of an SM, takes as long as its products */
    v[4] = 102.4e-6;
    assert_timing(attention_prefill_time(&c, &toy, &s), 4, 2.048 + 3.2 + 2 * 12.288, BOUND_COMPUTE);
    /* the longest CTA, 128 rows of 1000 scores on one SM: 13.1072 us, 15/16 of it as long as all: 12.288 * 2^(1/4) */
    v[4] = 0, v[7] = 0.9375;
    assert_timing(attention_prefill_time(&c, &toy, &s), 4, 2.048 + 3.2 + 12.288 * sqrt(M_SQRT2), BOUND_COMPUTE);
}

/* Multiplies in FP8 at twice the rate: the scores of above in half the time. */
static void prefill_in_fp8(void **state) {
    struct calibration c = CALIBRATED(CAL_PREFILL_8, 4, 2, 1, 0.5, 0, 100, 2, 0, 1, 1, 1);
    struct attention_shape s = {.batch = 1, .tokens = 1000, .heads = 2, .kv_heads = 1, .head_dim = 128, .kv_bytes = 1,
                                .fp8 = true};
    (void)state;
    assert_timing(attention_prefill_time(&c, &toy, &s), 4, 2.048 + 3.2 + 6.144, BOUND_COMPUTE);
}

/* 4 sequences of 3000 tokens, 32 heads, latent 512 + 64.
 *   fixed   launch 2, 1 us * 32 / 64, two doublings of 0.5 (log2(1 + 3000 / 1000)), io 4 * 32 * 0.1 us on 10 SMs: 4.78 us
 *   memory  4 * 3000 * 576 * 2 B, and a quarter more for the second pass of 16 heads, at half the bandwidth: 34.56 us
 *   flop    4 * 64 heads (32 cost as much) * 3000 * 2 * (576 + 512) at half of 100 MFLOP/us: 33.42336 us
 *   CTAs    4 on 10 SMs, 0.2 free: 0.2 * 5 us = 1 us */
static void latent_decode(void **state) {
    struct calibration c = CALIBRATED(CAL_MLA_DECODE_16, 2, 1, 0.5, 0.5, 5, 0.2, 0.1, 0.5, 1000, 0.25, 1);
    double *v = c.of[CAL_MLA_DECODE_16].value;
    struct mla_shape s = {.batch = 4, .context = 3000, .heads = 32, .latent = 512, .rope = 64, .nope = 128, .value = 128,
                          .kv_bytes = 2};
    (void)state;
    assert_timing(mla_decode_time(&c, &toy, &s), 4.78, 34.56 + 33.42336 + 1, BOUND_MEMORY);
    /* 128 heads: one pass, all of them multiplied */
    s.heads = 128;
    assert_timing(mla_decode_time(&c, &toy, &s), 2 + 2 + 1 + 5.12, 27.648 + 66.84672 + 1, BOUND_COMPUTE);
    /* no kernel passes 85 % of the rate */
    v[3] = 1;
    assert_timing(mla_decode_time(&c, &toy, &s), 2 + 2 + 1 + 5.12, 27.648 + 33.42336 / 0.85 + 1, BOUND_COMPUTE);
}

/* 1000 tokens behind 1000 cached ones, 4 heads, expanded to 128 + 64 + 128 = 320.
 *   io      1000 * 4 * 4 * 320 B at 4 bandwidths 1.28 us; 2000 latents of 576 * (2 + 2) B at half of one 9.216 us
 *   scores  10^6 before, 10^6 / 2 among themselves, 100,000 on the diagonal: 1.6 * 10^6 a head, 2 * 320 FLOP at half the rate
 *           4 * 1.6 * 10^6 * 12.8 ps = 81.92 us
 *   CTAs    4 * 8 of 1 us on 10 SMs: 3.2 us */
static void latent_prefill(void **state) {
    struct calibration c = CALIBRATED(CAL_MLA_PREFILL_16, 3, 4, 0.5, 0.5, 100, 1, 0);
    struct mla_shape s = {.batch = 1, .tokens = 1000, .context = 1000, .heads = 4, .latent = 512, .rope = 64, .nope = 128,
                          .value = 128, .kv_bytes = 2};
    (void)state;
    assert_timing(mla_prefill_time(&c, &toy, &s), 3, 1.28 + 9.216 + 81.92 + 3.2, BOUND_COMPUTE);
    /* the longest CTA, 128 rows of 2000 scores on one SM: 32.768 us, 2.5 times of it as long as all */
    c.of[CAL_MLA_PREFILL_16].value[6] = 2.5;
    assert_timing(mla_prefill_time(&c, &toy, &s), 3, 1.28 + 9.216 + 81.92 * sqrt(M_SQRT2) + 3.2, BOUND_COMPUTE);
    c.of[CAL_MLA_PREFILL_16].value[6] = 0;
    s.kv_bytes = 1; /* the cache alone is read at 1 B: 3/4 of the latents' time */
    c.of[CAL_MLA_PREFILL_8] = c.of[CAL_MLA_PREFILL_16];
    assert_timing(mla_prefill_time(&c, &toy, &s), 3, 1.28 + 6.912 + 81.92 + 3.2, BOUND_COMPUTE);
}

/* --- experts ----------------------------------------------------------------------------------------------------------- */

/* 8 experts of 3 * 1024 * 512 weights, each with two rows: 16 tokens' pairs, from 64 tokens of the layer. */
static const struct experts_shape eight = {.tokens = 64, .assignments = 16, .distinct = 8, .even = true, .held = 8,
                                           .experts = 8, .top_k = 2, .ranks = 1, .hidden = 1024, .inter = 512, .mats = 3};

/* Rates that leave one of memory and compute. */
static struct gpu only(double mem_bw, double rate) {
    struct gpu g = toy;
    g.mem_bw = mem_bw, g.rate[PATH_BF16] = rate;
    return g;
}

/* 8 * 3 * 1024 * 512 * 2 B = 25,165,824 B at half the bandwidth: 50.331648 us. */
static void experts_read_their_weights(void **state) {
    struct calibration c = CALIBRATED(CAL_EXPERTS + FORMAT_16, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0);
    struct gpu g = only(1e12, 1e30);
    (void)state;
    assert_timing(experts_time(&c, &g, &bf16, &eight), 0, 50.331648, BOUND_MEMORY);
    /* fixed: launch 5, depth 2 * 1.536, 8 experts read at 0.5 and held at 0.25 */
    double *v = c.of[CAL_EXPERTS + FORMAT_16].value;
    v[0] = 5, v[5] = 2, v[8] = 0.5, v[9] = 0.25;
    assert_timing(experts_time(&c, &g, &bf16, &eight), 5 + 3.072 + 4 + 2, 50.331648, BOUND_MEMORY);
    /* passes: 2 over the tokens (64 * 1024), 4 over the rows (16 * 1536) of 2 B, through memory at 1 MB/us and the L2 at
     * 40 kB/us and SM: 2 * 229,376 * (1 + 2.5) */
    v[0] = v[5] = v[8] = v[9] = 0, v[6] = 2, v[7] = 4;
    assert_timing(experts_time(&c, &g, &bf16, &eight), 0, 50.331648 + 1.605632, BOUND_MEMORY);
}

/* One tile of 16 rows for each expert. Gate and up: 1024 columns are 8 CTAs of depth 1024; down: 8 CTAs of depth 512.
 * 8 * 8 * (1024 + 512) * 2 * 128 * 16 FLOP at half the rate: 8.05306368 us. */
static void experts_multiply_whole_tiles(void **state) {
    struct calibration c = CALIBRATED(CAL_EXPERTS + FORMAT_16, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0);
    double *v = c.of[CAL_EXPERTS + FORMAT_16].value;
    struct gpu g = only(1e30, 1e14);
    struct experts_shape s = eight;
    (void)state;
    assert_timing(experts_time(&c, &g, &bf16, &s), 0, 8.05306368, BOUND_COMPUTE);
    /* 17 rows an expert: a second tile of 16, or one of 32 */
    s.assignments = 17 * 8;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 16.10612736);
    /* by the geometric law tiles of q rows number 1 / (1 - e^(-q/rows)): 2 where q/rows = ln 2 */
    s.even = false, s.assignments = 8 * 16 / M_LN2;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 16.10612736);
    s = eight;
    /* 96 rows' worth of fixed cost: (16 + 96) / (128 + 96) of a whole tile of 128 rows, instead of 1/8 */
    v[3] = 96;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 4 * 8.05306368);
    /* a ramp of 0.8 waves of 10 SMs: 8 CTAs more in each product, on top of 64 */
    v[3] = 0, v[4] = 0.8;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 8.05306368 * 72 / 64);
    /* a tile for the layer's 400 * 2 / 8 = 100 rows an expert: 128, of which two are used */
    v[4] = 0, v[10] = 1, s.tokens = 400;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 8 * 8.05306368);
}

/* Memory and compute equally long: the 1.5-norm is 2^(2/3) of either. */
static void experts_join_both(void **state) {
    struct calibration c = CALIBRATED(CAL_EXPERTS + FORMAT_16, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0);
    struct gpu g = only(25165824 / 0.5 / 8.05306368e-6, 1e14);
    (void)state;
    assert_us(experts_time(&c, &g, &bf16, &eight).seconds, 8.05306368 * cbrt(4));
}

/* A benchmark uses the same weights again. Where those of the 8 experts just fill the cache (1.1 of an L2) half of them come
 * from it, at 40 kB/us and SM: 100 SMs, 4 MB/us. */
static void experts_used_again(void **state) {
    struct calibration c = CALIBRATED(CAL_EXPERTS + FORMAT_16, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    struct gpu g = only(1e12, 1e30);
    struct experts_shape s = eight;
    (void)state;
    g.sms = 100, g.l2_bytes = 25165824 / 1.1;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 25.165824);
    s.reused = 8;
    assert_us(experts_time(&c, &g, &bf16, &s).seconds, 25.165824 * (0.5 + 0.125));
}

/* --- collectives ------------------------------------------------------------------------------------------------------- */

/* 10 us of latency, 100 kB/us, 10 SMs. */
static const struct fabric wire = {.latency = 10e-6, .rate = 1e11, .sms = 10};

enum { MIB = 1 << 20 };

static double nccl_with(int constant, double value, double bytes, int n) {
    struct calibration c = CALIBRATED(CAL_NCCL_ALLREDUCE, 0);
    c.of[CAL_NCCL_ALLREDUCE].value[constant] = value;
    return nccl_seconds(&c, CAL_NCCL_ALLREDUCE, &wire, bytes, n, false);
}

static void nccl_term_by_term(void **state) {
    struct calibration c = CALIBRATED(CAL_NCCL_ALLREDUCE, [8] = 2);
    (void)state;
    assert_us(nccl_with(0, 0.5, 1e6, 2), 5); /* base */
    assert_us(nccl_with(1, 0.5, 1e6, 2), 0); /* step */
    assert_us(nccl_with(1, 0.5, 1e6, 4), 10);
    assert_us(nccl_with(1, 0.5, 1e6, 8), 30);
    assert_us(nccl_with(1, 0.5, 1e6, 16), 50); /* from 8 to 16 as from 4 to 8 */
    assert_us(nccl_with(2, 1, 8192, 2), 5);    /* small */
    assert_us(nccl_with(2, 1, 1e6, 2), 10);
    assert_us(nccl_with(5, 1, 1e6, 2), 10); /* local */
    assert_us(nccl_with(6, 1, 1e6, 4), 7.5); /* wire: 3/4 of the buffer */
    assert_us(nccl_with(7, 1, 1e6, 4), 30);  /* host: times (4/2)^2 */
    /* a byte an element is unpacked: where it is added up, and only if so */
    assert_us(nccl_seconds(&c, CAL_NCCL_ALLREDUCE, &wire, 1e6, 4, true), 15);
    assert_us(nccl_seconds(&c, CAL_NCCL_ALLREDUCE, &wire, 1e6, 4, false), 0);
    c.of[CAL_NCCL_ALLGATHER] = c.of[CAL_NCCL_ALLREDUCE];
    assert_us(nccl_seconds(&c, CAL_NCCL_ALLGATHER, &wire, 1e6, 4, true), 0);
}

/* The ramp grows with (MiB)^0.7 up to its end: 1 MiB is one latency, 1024 MiB 2^7. */
static void nccl_ramp(void **state) {
    struct calibration c = CALIBRATED(CAL_NCCL_ALLREDUCE, [3] = 1, [4] = 1024);
    double *v = c.of[CAL_NCCL_ALLREDUCE].value;
    (void)state;
    assert_us(nccl_seconds(&c, CAL_NCCL_ALLREDUCE, &wire, MIB, 2, false), 10);
    assert_us(nccl_seconds(&c, CAL_NCCL_ALLREDUCE, &wire, 1024.0 * MIB, 2, false), 1280);
    v[4] = 1;
    assert_us(nccl_seconds(&c, CAL_NCCL_ALLREDUCE, &wire, 1024.0 * MIB, 2, false), 10);
}

/* Four GPUs: base 0.5, one doubling beyond 2 of 0.1, and of 16 KiB read from the other three the root of a quarter of 0.2: 0.7
 * latencies; 16,384 B twice over the wire. Up to the cap of 32 KiB * sqrt(2 / n): at n = 8 16 KiB. Above, NCCL's 20 us at 1.5;
 * below, never more than NCCL. */
static void engine_allreduce(void **state) {
    struct calibration c = CALIBRATED(CAL_ENGINE_ALLREDUCE, 0.5, 0.1, 0.2, 2, 1.0 / 32, 1.5);
    (void)state;
    c.of[CAL_NCCL_ALLREDUCE].value[0] = 2;
    assert_us(engine_allreduce_seconds(&c, &wire, 16384.0 / 3, 4), 7 + 0.32768);
    assert_us(engine_allreduce_seconds(&c, &wire, 16384, 8), 9 + 2 * 7 * 0.16384);
    assert_us(engine_allreduce_seconds(&c, &wire, 16385, 8), 30);
    assert_us(engine_allreduce_seconds(&c, &wire, 32768, 2), 5 + 2 * sqrt(0.5) + 2 * 0.32768);
    assert_us(engine_allreduce_seconds(&c, &wire, 32769, 2), 30);
    c.of[CAL_NCCL_ALLREDUCE].value[0] = 0.4;
    assert_us(engine_allreduce_seconds(&c, &wire, 16384.0 / 3, 4), 6);
}

/* By hand: of 4 experts on 2 ranks a second rank is missed by 2/4 of single picks, by 2/4 * 1/3 of pairs. All experts touch
 * all ranks. DeepSeek on 8: 7 * (1 - C(224,8) / C(256,8)) = 7 * (1 - 138,535,357,316,356 / 409,663,695,276,000). */
static void ranks_that_a_token_touches(void **state) {
    (void)state;
    assert_true(fabs(ranks_touched(4, 1, 2) - 0.5) < 1e-12);
    assert_true(fabs(ranks_touched(4, 2, 2) - 5.0 / 6) < 1e-12);
    assert_true(fabs(ranks_touched(8, 8, 8) - 7) < 1e-12);
    assert_true(fabs(ranks_touched(256, 8, 1)) < 1e-12);
    assert_true(fabs(ranks_touched(256, 8, 8) - 7 * (1 - 138535357316356.0 / 409663695276000.0)) < 1e-12);
    assert_true(fabs(ranks_touched(256, 8, 8) - 4.633) < 0.001);
}

/* 4 tokens of 7000, 8 copies each, 256 experts: (1 + 256 * 0.01) latencies, 7 * 2 us, 4 * 8 * 7000 B on the wire, and 4 tokens
 * of 2 us shared by the 10 SMs that 26 experts a SM keep busy. 12 experts are two a SM, so 6 SMs. */
static void deepep_for_latency(void **state) {
    struct calibration c = CALIBRATED(CAL_DEEPEP_LL_DISPATCH, 1, 0.01, 2, 1, 2);
    (void)state;
    assert_us(deepep_ll_seconds(&c, CAL_DEEPEP_LL_DISPATCH, &wire, 4, 7000, 8, 256), 35.6 + 14 + 2.24 + 0.8);
    assert_us(deepep_ll_seconds(&c, CAL_DEEPEP_LL_DISPATCH, &wire, 4, 7000, 8, 12), 11.2 + 14 + 2.24 + 8.0 / 6);
}

/* 250 tokens of 2000, one of 4 experts on 2 ranks: half of the tokens are copied, 250,000 elements.
 *   fixed   base 10, 2 * 2 for the width, 4 * sqrt(0.25): 16 us
 *   copies  (250 * 1 + 125 * 2 + 0.25 * 4) us on 10 SMs: 50.1 us
 *   wire    2 * 250,000 B: 5 us */
static void deepep_for_throughput(void **state) {
    struct calibration c = CALIBRATED(CAL_DEEPEP_DISPATCH, 10, 2, 4, 1, 2, 4, 0);
    double *v = c.of[CAL_DEEPEP_DISPATCH].value;
    (void)state;
    assert_us(deepep_seconds(&c, CAL_DEEPEP_DISPATCH, &wire, 250, 2000, 1, 4, 2, 10), 66.1);
    v[3] = v[4] = v[5] = 0, v[6] = 2;
    assert_us(deepep_seconds(&c, CAL_DEEPEP_DISPATCH, &wire, 250, 2000, 1, 4, 2, 10), 21);
    v[5] = 200; /* 50 us on 10 SMs: as long as the wire */
    assert_us(deepep_seconds(&c, CAL_DEEPEP_DISPATCH, &wire, 250, 2000, 1, 4, 2, 10), 16 + 5 * sqrt(M_SQRT2));
    /* the ramp ends at 256 tokens: of 1024 tokens of 15,625 it is 4 * sqrt(256 * 15,625 * 0.5 / 10^6), 4 * sqrt(2) */
    v[0] = v[1] = v[5] = v[6] = 0;
    assert_us(deepep_seconds(&c, CAL_DEEPEP_DISPATCH, &wire, 1024, 15625, 1, 4, 2, 10), 4 * M_SQRT2);
}

/* What a link offers: its own measured latency or that of links nobody measured; no more than the card can send. */
static void fabrics(void **state) {
    struct gpu cut = toy;
    (void)state;
    cut.link_up_bw = 200e9;
    assert_us(fabric_of(&nvlink, &cut).latency, 10);
    assert_true(fabric_of(&nvlink, &cut).rate == 200e9 && fabric_of(&nvlink, &cut).sms == 10);
    cut.link_up_bw = NAN; /* PCIe only */
    assert_true(fabric_of(&nvlink, &cut).rate == 300e9);
    assert_us(fabric_of(&infiniband, NULL).latency, 9);
    assert_true(fabric_of(&infiniband, NULL).rate == 25e9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roofline), cmocka_unit_test(rates_fall_back_to_16_bits), cmocka_unit_test(formats_have_classes),
        cmocka_unit_test(classes_are_sound), cmocka_unit_test(constants_stand_in_order), cmocka_unit_test(elementwise),
        cmocka_unit_test(gemm_of_a_row_is_memory_bound), cmocka_unit_test(gemm_of_whole_tiles), cmocka_unit_test(gemm_waves),
        cmocka_unit_test(gemm_splits_its_depth), cmocka_unit_test(gemm_of_a_cta_draws_little),
        cmocka_unit_test(gemm_quantises_activations), cmocka_unit_test(gemm_of_few_rows),
        cmocka_unit_test(gemm_benchmark_hits_the_cache), cmocka_unit_test(gemm_constants_of_tiles),
        cmocka_unit_test(gemm_constants_of_waves), cmocka_unit_test(gemm_constants_of_few_rows),
        cmocka_unit_test(gemm_constants_of_caches),
        cmocka_unit_test(decode_by_head), cmocka_unit_test(decode_by_group), cmocka_unit_test(decode_from_the_cache),
        cmocka_unit_test(classes_of_attention), cmocka_unit_test(prefill_is_causal), cmocka_unit_test(prefill_in_fp8),
        cmocka_unit_test(latent_decode), cmocka_unit_test(latent_prefill),
        cmocka_unit_test(experts_read_their_weights), cmocka_unit_test(experts_multiply_whole_tiles),
        cmocka_unit_test(experts_join_both), cmocka_unit_test(experts_used_again),
        cmocka_unit_test(nccl_term_by_term), cmocka_unit_test(nccl_ramp), cmocka_unit_test(engine_allreduce),
        cmocka_unit_test(ranks_that_a_token_touches), cmocka_unit_test(deepep_for_latency),
        cmocka_unit_test(deepep_for_throughput), cmocka_unit_test(fabrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
