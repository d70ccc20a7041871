/* Prefill products by cublasLt, opened at run time: bf16, and FP8 with one scale a tensor where the device has it. */
#include "cuda/gpu.h"

#ifdef WITH_CUBLASLT
#include <cublasLt.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuda/check.h"
#include "cuda/number.h"

static const double LIMIT_BF16 = 5e-3, LIMIT_FP8 = 3e-2; /* of a bf16 output; with FP8's short sums */
enum { SAMPLED = 16, WORKSPACE = 32 << 20, ALIGNED = 16 };

#define FUNCTIONS(X)                                                                                                                         \
    X(cublasLtCreate) X(cublasLtDestroy) X(cublasLtMatmul) X(cublasLtMatmulAlgoGetHeuristic) X(cublasLtMatmulDescCreate)                      \
    X(cublasLtMatmulDescDestroy) X(cublasLtMatmulDescSetAttribute) X(cublasLtMatrixLayoutCreate) X(cublasLtMatrixLayoutDestroy)               \
    X(cublasLtMatmulPreferenceCreate) X(cublasLtMatmulPreferenceDestroy) X(cublasLtMatmulPreferenceSetAttribute)
static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} lt;

static bool library_open(void) {
    static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"};
    void *library = NULL;
    bool all = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
#define LOAD(name) all = library && (*(void **)&lt.name = dlsym(library, #name)) && all;
    FUNCTIONS(LOAD)
#undef LOAD
    return all;
}

struct product {
    struct gpu *gpu;
    cublasLtHandle_t handle;
    cublasLtMatmulDesc_t what;
    cublasLtMatrixLayout_t a, b, c;
    cublasLtMatmulAlgo_t algorithm;
    bool fp8, spoilt;
    const char *weights; /* `slots` of n x k */
    const char *x;       /* m x k */
    void *workspace;
    int m, n, k;
    size_t slots, slot;
    struct gpu_output y; /* m x n, bf16 */
};

static size_t element(const struct product *p) {
    return p->fp8 ? 1 : 2;
}

/* Column-major y (n x m) = weights^T x: both have k as their inner stride, the only order that FP8 takes. */
static bool product_work(void *context, uint64_t call) {
    struct product *p = context;
    const float one = 1, zero = 0;
    p->slot = call % p->slots;
    const char *w = p->weights + p->slot * (size_t)p->n * (size_t)p->k * element(p);
    int status = (int)lt.cublasLtMatmul(p->handle, p->what, &one, w, p->a, p->x, p->b, &zero, p->y.values, p->c, p->y.values, p->c, &p->algorithm,
                                        p->workspace, WORKSPACE, p->gpu->stream);
    if (status)
        run_say(p->gpu->run, PROTOCOL_ERROR, PROTOCOL_CODE_FAULT, "cublasLtMatmul: status %d", status);
    return status == 0;
}

static double value_at(const struct product *p, const void *row, int i) {
    return p->fp8 ? (double)e4m3_value(((const uint8_t *)row)[i]) : (double)bf16_value(((const uint16_t *)row)[i]);
}

/* SAMPLED rows of weights by SAMPLED of x, all over, in double. */
static bool sampled_verify(struct product *p, char *w, char *x, struct check_norm *norm) {
    size_t row = (size_t)p->k * element(p);
    const char *weights = p->weights + p->slot * (size_t)p->n * row;
    for (int i = 0; i < SAMPLED; i++)
        if (!gpu_get(p->gpu, w + (size_t)i * row, weights + (size_t)((int64_t)i * (p->n - 1) / (SAMPLED - 1)) * row, row) ||
            !gpu_get(p->gpu, x + (size_t)i * row, p->x + (size_t)((int64_t)i * (p->m - 1) / (SAMPLED - 1)) * row, row))
            return false;
    for (int s = 0; s < SAMPLED * SAMPLED; s++) {
        int64_t r = (int64_t)(s / SAMPLED) * (p->n - 1) / (SAMPLED - 1), t = (int64_t)(s % SAMPLED) * (p->m - 1) / (SAMPLED - 1);
        double want = 0;
        uint16_t have;
        for (int i = 0; i < p->k; i++)
            want += value_at(p, w + (size_t)(s / SAMPLED) * row, i) * value_at(p, x + (size_t)(s % SAMPLED) * row, i);
        if (!gpu_get(p->gpu, &have, (const uint16_t *)p->y.values + t * p->n + r, sizeof have))
            return false;
        check_norm_add(norm, (double)bf16_value(have) + (p->spoilt ? 1e6 : 0), want);
    }
    return true;
}

static double product_verify(void *context) {
    struct product *p = context;
    struct check_norm norm = {0};
    char *w = malloc(SAMPLED * (size_t)p->k * 2), *x = malloc(SAMPLED * (size_t)p->k * 2);
    bool done = w && x && sampled_verify(p, w, x, &norm);
    free(w);
    free(x);
    if (!done)
        return NAN;
    return gpu_output_bad(p->gpu, &p->y) > 0 ? INFINITY : check_norm_value(&norm);
}

static void product_spoil(void *context) {
    ((struct product *)context)->spoilt = true;
}

/* Layouts and the library's first choice. False: it has none for this product here. */
static bool product_plan(struct product *p) {
    cudaDataType_t type = p->fp8 ? CUDA_R_8F_E4M3 : CUDA_R_16BF;
    cublasOperation_t turned = CUBLAS_OP_T;
    size_t workspace = WORKSPACE;
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t found = {0};
    int n = 0;
    uint64_t k = (uint64_t)p->k, rows = (uint64_t)p->n, columns = (uint64_t)p->m;
    if (lt.cublasLtMatmulDescCreate(&p->what, CUBLAS_COMPUTE_32F, CUDA_R_32F) || lt.cublasLtMatrixLayoutCreate(&p->a, type, k, rows, (int64_t)k) ||
        lt.cublasLtMatrixLayoutCreate(&p->b, type, k, columns, (int64_t)k) ||
        lt.cublasLtMatrixLayoutCreate(&p->c, CUDA_R_16BF, rows, columns, (int64_t)rows) || lt.cublasLtMatmulPreferenceCreate(&preference))
        return false;
    lt.cublasLtMatmulDescSetAttribute(p->what, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof turned);
    lt.cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace);
    int status = (int)lt.cublasLtMatmulAlgoGetHeuristic(p->handle, p->what, p->a, p->b, p->c, p->c, preference, 1, &found, &n);
    p->algorithm = found.algo;
    lt.cublasLtMatmulPreferenceDestroy(preference);
    return status == 0 && n > 0;
}

static void product_close(struct product *p) {
    if (p->what)
        lt.cublasLtMatmulDescDestroy(p->what);
    for (int i = 0; i < 3; i++) {
        cublasLtMatrixLayout_t layout = i == 0 ? p->a : i == 1 ? p->b : p->c;
        if (layout)
            lt.cublasLtMatrixLayoutDestroy(layout);
    }
    gpu_output_close(&p->y);
}

static const char *const names[] = {"qkv", "o", "gate+up", "down", "8192^3"};
static const int prefill_m[] = {128, 512, 2048, 8192};
static const int m_counts[] = {2, 4, 4};
enum { PRODUCTS = 4, FP8_M = 2048 };

static void product_shape(const struct dims *d, int which, int *n, int *k) {
    int heads = d->heads * d->head_dim, kv = 2 * d->kv_heads * d->head_dim, inter = d->dense_ffn ? d->dense_ffn : d->inter ? d->inter : 4 * d->hidden;
    const int shapes[PRODUCTS + 1][2] = {{heads + kv, d->hidden}, {d->hidden, heads}, {2 * inter, d->hidden}, {d->hidden, inter}, {8192, 8192}};
    *n = (shapes[which][0] + ALIGNED - 1) / ALIGNED * ALIGNED;
    *k = (shapes[which][1] + ALIGNED - 1) / ALIGNED * ALIGNED;
}

/* Weights and x are parts of one block. */
static double product_measure(struct run *run, struct product *p, const void *block, size_t bytes_here, int which, int m) {
    struct timing t;
    char name[48];
    double rate = NAN;
    product_shape(&run->options->dims, which, &p->n, &p->k);
    p->m = m;
    p->x = block;
    size_t x = ((size_t)m * (size_t)p->k * element(p) + 255) / 256 * 256, matrix = (size_t)p->n * (size_t)p->k * element(p);
    p->weights = p->x + x;
    p->slots = bytes_here < x ? 0 : (bytes_here - x) / matrix;
    snprintf(name, sizeof name, "%s %s m=%d", p->fp8 ? "fp8" : "bf16", names[which], m);
    double flop = 2.0 * m * p->n * p->k, bytes = (double)matrix + (double)m * ((double)element(p) * p->k + 2.0 * p->n);
    struct run_case what = {
        .name = name, .work = product_work, .verify = product_verify, .spoil = product_spoil, .context = p, .metric = "relf",
        .limit = p->fp8 ? LIMIT_FP8 : LIMIT_BF16, .class = p->fp8 ? -1 : (int)PROTOCOL_CLASS_GEMM, .amount = flop,
        .shape = {.op = "gemm", .format = p->fp8 ? "fp8" : "bf16", .m = m, .n = p->n, .k = p->k, .bytes = bytes, .flop = p->fp8 ? 0 : flop},
    };
    if (!p->slots || !gpu_output_open(&p->y, run, (size_t)m * (size_t)p->n, false))
        return NAN;
    if (!product_plan(p))
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED, "%s: the library has no way for it here", name);
    else if (gpu_measure(run, &what, &t))
        rate = flop / t.median;
    return rate;
}

static bool has_fp8(struct run *run) {
    return gpu_of(run)->arch >= 89;
}

/* The four products at m = 2048 and 8192^3 on codes of its own: bits of bf16 may be NaN in e4m3. */
static void fp8_run(struct run *run, cublasLtHandle_t handle, void *workspace) {
    size_t bytes = gpu_of(run)->arena_bytes / 2;
    char *codes = gpu_codes_open(run, bytes);
    double best = 0;
    for (int i = 0; codes && i <= PRODUCTS && run_next_case(run); i++) {
        struct product p = {.gpu = gpu_of(run), .handle = handle, .workspace = workspace, .fp8 = true};
        double rate = product_measure(run, &p, codes, bytes, i, i < PRODUCTS ? FP8_M : 8192);
        best = rate > best ? rate : best;
        product_close(&p);
    }
    cudaFree(codes);
    if (best > 0)
        run_result(run, "gemm_fp8_flop_per_s", best, "FLOP/s");
}

int gpu_gemm_count(struct run *run) {
    if (library_open())
        return PRODUCTS * m_counts[run->options->level] + 1 + (has_fp8(run) ? PRODUCTS + 1 : 0);
    run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED, "no cublasLt here (libcublasLt.so.13 or .12)");
    return 0;
}

void gpu_gemm_run(struct run *run) {
    cublasLtHandle_t handle = NULL;
    int last = PRODUCTS * m_counts[run->options->level];
    const void *arena = gpu_arena(run);
    void *workspace = arena ? gpu_allocate(run, WORKSPACE) : NULL;
    if (workspace && lt.cublasLtCreate(&handle) == CUBLAS_STATUS_SUCCESS) {
        for (int i = 0; i <= last && run_next_case(run); i++) {
            struct product p = {.gpu = gpu_of(run), .handle = handle, .workspace = workspace};
            double rate = product_measure(run, &p, arena, gpu_of(run)->arena_bytes, i < last ? i % PRODUCTS : PRODUCTS, i < last ? prefill_m[i / PRODUCTS] : 8192);
            run->best_gemm = rate > run->best_gemm ? rate : run->best_gemm;
            product_close(&p);
        }
        if (has_fp8(run))
            fp8_run(run, handle, workspace);
    }
    if (handle)
        lt.cublasLtDestroy(handle);
    cudaFree(workspace);
    run_fit(run, PROTOCOL_CLASS_GEMM);
    if (run->best_gemm > 0)
        run_result(run, PROTOCOL_GEMM_RATE, run->best_gemm, "FLOP/s");
}
#else
int gpu_gemm_count(struct run *run) {
    run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED, "built without cublasLt's header");
    return 0;
}

void gpu_gemm_run(struct run *run) {
    (void)run;
}
#endif
