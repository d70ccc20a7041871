/* Records, fits and profiles: whatever bytes come, the outcome is one of a few; constants are found again where the samples
 * follow the law, and refused where they do not; a profile is of one device and whole, or it changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "scratch.h"
#include "validate/claims.h"

static struct catalog *c;
static struct validation *v;
static struct deployment d;
static char err[ERROR_LEN];

static int open_all(void **state) {
    struct scenario s;
    (void)state;
    c = open_shipped();
    scenario_init(&s);
    snprintf(s.gpu, sizeof s.gpu, "h200-sxm");
    if (!catalog_resolve(c, &s, &d, err, NULL))
        fail_msg("%s", err);
    v = validation_new(c, &d);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    validation_free(v);
    catalog_close(c);
    scratch_clear();
    return 0;
}

static void feed(const char *text) {
    validation_feed(v, text, strlen(text));
}

static void feedf(const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    feed(text);
}

#define HELLO "hello\tproto=1\thelper=0.1.0\tbackend=cuda\tdriver=580.1\n"
#define H200 "env\tdevice=NVIDIA H200\tuuid=GPU-1\tkind=gpu\tmem_bytes=1.508e11\tsms=132\n"

/* --- records --- */

static bool parse(const char *line, struct record *r) {
    return record_parse(line, strlen(line), r, err);
}

static void records(void **state) {
    struct record r;
    double x;
    (void)state;
    assert_true(parse("check\texp=gemm\tcase=a%3Db%09c\tvalue=1e-3", &r));
    assert_int_equal(r.kind, RECORD_CHECK);
    assert_string_equal(record_text(&r, "case"), "a=b\tc");
    assert_true(record_number(&r, "value", &x, err) && x == 1e-3);
    assert_true(record_number(&r, "limit", &x, err) && isnan(x));
    assert_true(parse("colour\tpretty=yes", &r) && r.kind == RECORD_UNKNOWN);
    static const char *const bad[] = {"", "\t", "Hello\tproto=1", "no record at all", "check\tfield", "check\t=1", "check\ta=%4",
                                      "check\ta=%00", "check\ta=%zz", "check\ta=\001", "check\t\tb=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse(bad[i], &r))
            fail_msg("taken: '%s'", bad[i]);
    static const char *const no_numbers[] = {"nan", "inf", "-inf", "1x", "0x10", "1e999", "1,5"};
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++) {
        char line[64];
        snprintf(line, sizeof line, "sample\tvalue=%s", no_numbers[i]);
        assert_true(parse(line, &r));
        if (record_number(&r, "value", &x, err))
            fail_msg("a number: '%s'", no_numbers[i]);
    }
}

/* 4095 bytes and a newline fit, one more does not, and the line after it is read. */
static void long_lines(void **state) {
    struct record_reader reader = {.used = 0};
    static char text[PROTOCOL_LINE_MAX * 2];
    (void)state;
    for (int more = 0; more < 2; more++) {
        memset(text, 'a', sizeof text);
        size_t n = PROTOCOL_LINE_MAX - 1 + (size_t)more, length, rest = n + 3;
        memcpy(text + n, "\nb\n", 3);
        const char *at = text;
        assert_int_equal(record_next_line(&reader, &at, &rest, &length), more ? RECORD_LINE_TOO_LONG : RECORD_LINE);
        assert_int_equal(record_next_line(&reader, &at, &rest, &length), RECORD_LINE);
        assert_true(length == 1 && reader.line[0] == 'b');
        assert_int_equal(record_next_line(&reader, &at, &rest, &length), RECORD_LINE_NONE);
    }
}

static uint64_t seed = 1;

static unsigned random_below(unsigned n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* Good lines with bytes changed, dropped and doubled, in pieces of any length: never more than is kept, never a crash. */
static void fuzz(void **state) {
    static const char good[] =
        HELLO "plan\tlevel=quick\tbudget_s=5\texperiments=stream,gemv,experts\n" H200
              "begin\texp=gemv\ttitle=Dense\tcases=3\tbudget_s=1\nprogress\texp=gemv\tdone=1\ttotal=3\n"
              "check\texp=gemv\tcase=a\tmetric=relf\tvalue=1e-4\tlimit=5e-3\tstatus=ok\n"
              "sample\texp=gemv\tcase=a\tquantity=time\tunit=s\tvalue=1e-5\tn=9\top=gemv\tformat=bf16\tm=1\tn=4096\tk=4096\n"
              "sample\texp=experts\tcase=b\tvalue=1e-4\top=experts\tformat=bf16\tbatch=1\texperts=8\ttop_k=2\thidden=4096\tinter=512\t"
              "distinct=2\tassignments=2\tskew=uniform\nresult\texp=stream\tname=read_bytes_per_s\tvalue=4e12\tunit=byte/s\n"
              "fit\texp=gemv\tclass=gemv\tt0_s=1e-6\trate=4e12\taccepted=1\ntelemetry\tpower_w=300\n"
              "warn\tcode=busy\ttext=others\nskip\texp=experts\tcode=oom\ttext=no\nend\tstatus=complete\tcode=0\n";
    static char text[sizeof good];
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct validation *f = validation_new(c, &d);
        memcpy(text, good, sizeof good);
        for (unsigned i = random_below(6); i > 0; i--)
            text[random_below(sizeof good - 1)] = "\t\n=%\0001e.-naZ\377"[random_below(14)];
        for (size_t at = 0; at < sizeof good - 1;) {
            size_t piece = 1 + random_below(400);
            piece = piece < sizeof good - 1 - at ? piece : sizeof good - 1 - at;
            validation_feed(f, text + at, piece);
            at += piece;
        }
        validation_feed_end(f);
        assert_true(validation_over(f));
        assert_true(f->m.n_samples <= 2 && f->m.n_checks <= 1);
        assert_true(f->state == VALIDATION_DONE || *f->message || strcmp(f->m.status, "cancelled") == 0);
        validation_free(f);
    }
}

static void failures_are_named(void **state) {
    static const struct {
        const char *records, *says;
    } cases[] = {
        {"", "without a word"},
        {HELLO, "before its last record"},
        {"Welcome\n" HELLO "sample\texp=ge", "in the middle of a line"},
        {"hello\tproto=2\n", "protocol 2, this program 1"},
        {HELLO "hello\tproto=1\n", "a second hello"},
        {HELLO "sample\texp=gemv\tcase=x\tvalue=nan\n", "found 'nan'"},
        {HELLO "sample\texp=gemv\tcase=x\tvalue=0\n", "above 0"},
        {HELLO "what is this\n", "no record: 'what is this'"},
        {HELLO "error\tcode=no_driver\ttext=no driver here\nend\tstatus=no_device\tcode=4\n", "no_device: no driver here"},
        {HELLO "end\tstatus=complete\tcode=0\nend\n", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct validation *f = validation_new(c, &d);
        validation_feed(f, cases[i].records, strlen(cases[i].records));
        validation_feed_end(f);
        if (f->state != VALIDATION_FAILED || !strstr(f->message, cases[i].says))
            fail_msg("case %zu: state %d, '%s'", i, (int)f->state, f->message);
        validation_free(f);
    }
}

/* --- fits --- */

/* Samples of a product with a bf16 weight on an H200 whose constants are these; every other one `noise` times as long. */
static void feed_gemv(double t0, double mem_eff, double noise) {
    struct machine_model truth = {.gpu = *d.gpu, .catalog = c};
    catalog_default_calibration(c, d.gpu, &truth.calibration);
    truth.calibration.of[CAL_GEMM + FORMAT_16].value[0] = t0;
    truth.calibration.of[CAL_GEMM + FORMAT_16].value[1] = mem_eff;
    feed(HELLO H200 "begin\texp=gemv\ttitle=x\tcases=12\tbudget_s=1\n");
    for (int i = 0; i < 12; i++) {
        struct sample s = {.op = PROTOCOL_OP_GEMV, .format = "bf16"};
        s.shape[SHAPE_M] = 1, s.shape[SHAPE_N] = 2048 << i / 3, s.shape[SHAPE_K] = 4096 << i % 3;
        double seconds = predict_seconds(&truth, &s) * (i % 2 ? noise : 1);
        feedf("sample\texp=gemv\tcase=c%d\tvalue=%.9g\tn=9\top=gemv\tformat=bf16\tm=1\tn=%g\tk=%g\n", i, seconds, s.shape[SHAPE_N],
              s.shape[SHAPE_K]);
    }
}

static const struct fitted *fit_of(enum calibration_class class) {
    for (int i = 0; i < v->n_fits; i++)
        if (v->fit[i].class == class)
            return &v->fit[i];
    fail_msg("no fit");
    return NULL;
}

static void finish(const char *status) {
    feedf("end\tstatus=%s\tcode=0\n", status);
    validation_feed_end(v);
}

static void constants_are_found_again(void **state) {
    (void)state;
    feed_gemv(7, 0.6, 1);
    finish("complete");
    assert_int_equal(v->state, VALIDATION_DONE);
    assert_int_equal(v->match, MATCH_SCENARIO);
    const struct fitted *f = fit_of((enum calibration_class)(CAL_GEMM + FORMAT_16));
    assert_true(f->accepted);
    assert_int_equal(f->held_out, 4);
    assert_int_equal(f->points, 12);
    assert_true(fabs(f->value[0] / 7 - 1) < 0.02 && fabs(f->value[1] / 0.6 - 1) < 0.01);
    assert_true(f->error_before > 0.2 && f->error_median < 0.01);
    assert_true(validation_error(v, PROTOCOL_EXP_GEMV, false) > 0.2 && validation_error(v, PROTOCOL_EXP_GEMV, true) < 0.01);
}

static void noise_is_refused(void **state) {
    (void)state;
    feed_gemv(7, 0.6, 2.5);
    finish("complete");
    assert_false(fit_of((enum calibration_class)(CAL_GEMM + FORMAT_16))->accepted);
    assert_false(validation_lay(v, err));
    assert_non_null(strstr(err, "the defaults stay"));
}

/* 8 TB/s on a card of 4.8: the weights were not read, or not all. */
static void faster_than_possible_is_refused(void **state) {
    (void)state;
    feed_gemv(4, 1.7, 1);
    finish("complete");
    const struct fitted *f = fit_of((enum calibration_class)(CAL_GEMM + FORMAT_16));
    assert_false(f->accepted);
    assert_non_null(strstr(f->why, "miscounted"));
}

static void failed_check_voids(void **state) {
    (void)state;
    feed_gemv(7, 0.6, 1);
    int before = v->m.n_samples;
    feed("check\texp=gemv\tcase=bad\tmetric=relf\tvalue=0.4\tlimit=0.005\tstatus=failed\n"
         "sample\texp=gemv\tcase=bad\tvalue=1e-9\top=gemv\tm=1\tk=1\tflop=2\n");
    finish("failed");
    assert_int_equal(v->m.n_samples, before);
    assert_int_equal(v->n_fits, 0);
    assert_non_null(strstr(v->message, "a check failed: gemv bad"));
    assert_false(validation_lay(v, err));
}

static void cancelled_changes_nothing(void **state) {
    (void)state;
    feed_gemv(7, 0.6, 1);
    validation_cancel(v);
    assert_int_equal(v->state, VALIDATION_CANCELLED);
    assert_false(validation_lay(v, err));
}

/* --- profiles --- */

static double mem_eff(const char *gpu) {
    for (size_t i = 0; i < catalog_gpu_count(c); i++)
        if (strcmp(catalog_gpu_at(c, i)->id, gpu) == 0)
            return catalog_calibration(c, catalog_gpu_at(c, i))->of[CAL_GEMM + FORMAT_16].value[1];
    return NAN;
}

static void laid_on_its_gpu_alone(void **state) {
    double h200 = mem_eff("h200-sxm"), h100 = mem_eff("h100-sxm");
    (void)state;
    feed_gemv(7, 0.6, 1);
    finish("complete");
    assert_true(validation_lay(v, err));
    assert_true(fabs(mem_eff("h200-sxm") / 0.6 - 1) < 0.01);
    assert_true(mem_eff("h100-sxm") == h100);
    assert_int_equal(catalog_measured_classes(c, d.gpu), 1);
    assert_int_equal(d.calibration->of[CAL_GEMM + FORMAT_16].constant_origin[1], ORIGIN_MEASURED);
    catalog_use_measured(c, false);
    assert_true(mem_eff("h200-sxm") == h200);
    assert_int_equal(catalog_measured_classes(c, d.gpu), 0);
}

static size_t read_all(const char *path, char *text, size_t size) {
    FILE *in = fopen(path, "r");
    size_t n = in ? fread(text, 1, size - 1, in) : 0;
    if (in)
        fclose(in);
    text[n] = '\0';
    return n;
}

static void profile_of(char *text, size_t size, struct profile_head *head) {
    scratch_write("profile.csv", "");
    feed_gemv(7, 0.6, 1);
    finish("complete");
    profile_head_make(&v->model, &v->m, head);
    if (!profile_save(head, v->fit, v->n_fits, scratch_path("profile.csv"), err))
        fail_msg("%s", err);
    read_all(scratch_path("profile.csv"), text, size);
}

static void cut_short_is_refused(void **state) {
    static char whole[8192], part[8192];
    struct profile_head head;
    double before = mem_eff("h200-sxm");
    (void)state;
    profile_of(whole, sizeof whole, &head);
    size_t n = strlen(whole);
    for (size_t cut = 0; cut + 1 < n; cut++) { /* without its last newline it is still whole */
        snprintf(part, sizeof part, "%.*s", (int)cut, whole);
        scratch_write("part.csv", part);
        if (profile_lay(c, scratch_path("part.csv"), NULL, NULL, err))
            fail_msg("taken when cut at %zu of %zu", cut, n);
        if (mem_eff("h200-sxm") != before)
            fail_msg("half applied when cut at %zu", cut);
    }
    assert_true(profile_lay(c, scratch_path("profile.csv"), &head, NULL, err));
    assert_true(mem_eff("h200-sxm") != before);
}

static void of_another_machine_is_refused(void **state) {
    static char text[8192];
    struct profile_head head, other;
    (void)state;
    profile_of(text, sizeof text, &head);
    other = head;
    snprintf(other.uuid, sizeof other.uuid, "GPU-2");
    assert_false(profile_lay(c, scratch_path("profile.csv"), &other, NULL, err));
    assert_non_null(strstr(err, "another device: GPU-1, here GPU-2"));
    other = head;
    snprintf(other.driver, sizeof other.driver, "590");
    assert_false(profile_lay(c, scratch_path("profile.csv"), &other, NULL, err));
    assert_non_null(strstr(err, "another driver: 580.1, here 590"));
    other = head;
    snprintf(other.helper, sizeof other.helper, "0.2.0");
    assert_false(profile_lay(c, scratch_path("profile.csv"), &other, NULL, err));
    assert_non_null(strstr(err, "another helper"));
    char *format = strstr(text, "driver 580.1\",1,");
    assert_non_null(format);
    format[strlen("driver 580.1\",")] = '7';
    scratch_write("profile.csv", text);
    assert_false(profile_lay(c, scratch_path("profile.csv"), &head, NULL, err));
    assert_non_null(strstr(err, "no profile of format 1"));
}

/* A CPU becomes a GPU of the list, with what was measured of it as its datasheet. */
static void host_joins_the_list(void **state) {
    (void)state;
    feed(HELLO "env\tdevice=Some CPU\tuuid=cpu-1\tkind=cpu\tmem_bytes=1.6e10\tcores=8\tllc_bytes=3e7\n"
         "result\texp=stream\tname=read_bytes_per_s\tvalue=2e10\n"
         "result\texp=gemm\tname=gemm_flop_per_s\tvalue=4e11\nbegin\texp=gemv\ttitle=x\tcases=4\n");
    /* 2 n k bytes at 20 GB/s, 50 us before: t0 50 us, mem_eff 1 but for activations */
    for (int i = 0; i < 6; i++)
        feedf("sample\texp=gemv\tcase=c%d\tvalue=%.9g\tn=9\top=gemv\tformat=bf16\tm=1\tn=%d\tk=4096\n", i,
              50e-6 + 2.0 * (1024 << i) * 4096 / 2e10, 1024 << i);
    finish("complete");
    assert_int_equal(v->match, MATCH_HOST);
    assert_true(fit_of((enum calibration_class)(CAL_GEMM + FORMAT_16))->accepted);
    size_t before = catalog_gpu_count(c);
    assert_true(validation_lay(v, err));
    assert_true(validation_lay(v, err));
    assert_int_equal(catalog_gpu_count(c), before + 1);
    const struct gpu *host = catalog_gpu_at(c, before);
    assert_string_equal(host->id, "host");
    assert_true(host->cpu && host->mem_bw == 2e10 && host->rate[PATH_BF16] == 4e11);
    if (!(fabs(mem_eff("host") - 1) < 0.02))
        fail_msg("mem_eff %g", mem_eff("host"));
}

/* A CPU's laws by hand: 10 GB/s, 1 TFLOP/s, t0 10 us, half of the bandwidth, all of the rate. */
static void cpu_by_hand(void **state) {
    struct gpu cpu = {.cpu = true, .mem_bw = 1e10, .rate = {[PATH_FP32] = 1e12, [PATH_BF16] = 1e12}};
    const struct format bf16 = {.bytes = 2, .path = PATH_BF16, .block = 1};
    struct calibration k = {.of = {[CAL_GEMM + FORMAT_16] = {.value = {10, 0.5, 1}}, [CAL_EXPERTS + FORMAT_16] = {.value = {10, 0.5, 1}},
                                   [CAL_DECODE_GROUP_16] = {.value = {10, 0, 0, 0.5}}}};
    (void)state;
    /* 2 * 1024^2 of weights, 2048 in, 2048 out: 2101248 bytes / 5e9 = 420.2496 us; 2 * 1024^2 / 1e12 = 2.1 us adds nothing */
    assert_true(fabs(gemm_time(&k, &cpu, &bf16, 1, 1024, 1024).seconds - 430.2496e-6) < 1e-10);
    /* 1000 rows: 2.097152e9 FLOP / 1e12 = 2097.152 us; (2097152 + 2048000 + 2048000) / 5e9 = 1238.6304 us;
     * their 4-norm: 2097.152 * (1 + 0.59062^4)^(1/4) = 2158.2 */
    double t = gemm_time(&k, &cpu, &bf16, 1000, 1024, 1024).seconds;
    assert_true(fabs(t - (10 + 2158.2) * 1e-6) < 1e-7);
    /* 3 experts of 3 * 512 * 256 * 2 = 786432 bytes: 2359296 / 5e9 = 471.8592 us; 4 rows: 3.1 us */
    struct experts_shape e = {.tokens = 2, .assignments = 4, .distinct = 3, .held = 8, .experts = 8, .top_k = 2, .ranks = 1,
                              .hidden = 512, .inter = 256, .mats = 3};
    assert_true(fabs(experts_time(&k, &cpu, &bf16, &e).seconds - 481.8592e-6) < 1e-10);
    /* 4 sequences of 1000 tokens, 2 KV heads of 64, keys and values: 2048000 bytes / 5e9 = 409.6 us; 8.2 us of products */
    struct attention_shape a = {.batch = 4, .context = 1000, .heads = 8, .kv_heads = 2, .head_dim = 64, .kv_bytes = 2};
    assert_true(fabs(attention_decode_time(&k, &cpu, &a).seconds - 419.6e-6) < 1e-9);
}

/* --- claims --- */

static void layer(const char *name, int batch, int experts, int k, int inter, double distinct, const char *skew, double seconds) {
    feedf("sample\texp=experts\tcase=%s\tvalue=%.9g\top=experts\tformat=bf16\tbatch=%d\texperts=%d\ttop_k=%d\thidden=4096\tinter=%d\t"
          "distinct=%g\tassignments=%d\tskew=%s\tbytes=%.9g\n", name, seconds, batch, experts, k, inter, distinct, k * batch, skew,
          distinct * 3 * 4096 * inter * 2);
}

static void claims(void **state) {
    struct claim claim[CLAIM_COUNT];
    (void)state;
    feed(HELLO H200 "begin\texp=experts\ttitle=x\tcases=4\nresult\texp=experts\tname=load_max_b16\tvalue=2.5\n");
    layer("balanced", 16, 8, 2, 14336, 8, "balanced", 1e-3);
    layer("routed", 16, 8, 2, 14336, 6, "zipf\texponent=1.2", 0.75e-3);
    layer("dense", 16, 1, 1, 28672, 1, "balanced", 0.25e-3);
    layer("routed", 1, 8, 2, 14336, 2, "uniform", 0.26e-3);
    layer("dense", 1, 1, 1, 28672, 1, "balanced", 0.25e-3);
    finish("complete");
    claims_make(v, claim);
    assert_int_equal(claim[CLAIM_SKEW_DECODE].verdict, CLAIM_FAILS);
    assert_true(fabs(claim[CLAIM_SKEW_DECODE].claimed - 2.5) < 1e-9 && fabs(claim[CLAIM_SKEW_DECODE].measured - 0.75) < 1e-9);
    assert_non_null(strstr(claim[CLAIM_SKEW_DECODE].text, "the bytes tell the time"));
    assert_int_equal(claim[CLAIM_ACTIVE_ONE].verdict, CLAIM_HOLDS);
    assert_int_equal(claim[CLAIM_ACTIVE_BATCH].verdict, CLAIM_FAILS);
    assert_true(fabs(claim[CLAIM_ACTIVE_BATCH].measured - 3) < 1e-9);
    assert_int_equal(claim[CLAIM_INT4].verdict, CLAIM_UNTESTED);
}

#define WITH_ALL(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ALL(records),
        WITH_ALL(long_lines),
        WITH_ALL(fuzz),
        WITH_ALL(failures_are_named),
        WITH_ALL(constants_are_found_again),
        WITH_ALL(noise_is_refused),
        WITH_ALL(faster_than_possible_is_refused),
        WITH_ALL(failed_check_voids),
        WITH_ALL(cancelled_changes_nothing),
        WITH_ALL(laid_on_its_gpu_alone),
        WITH_ALL(cut_short_is_refused),
        WITH_ALL(of_another_machine_is_refused),
        WITH_ALL(host_joins_the_list),
        WITH_ALL(cpu_by_hand),
        WITH_ALL(claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
