/* Rows of weights, in any format, times m vectors: GEMV, skinny products, prefill. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cpu.h"
#include "cuda/number.h"
#include "cuda/stop.h"

/* Multiply-adds in double that a level spends on one verification. */
static const double verify_work[] = {3e6, 1.5e8, 1e9};

static bool is_format(const struct cpu_rows *c, const char *format) {
    return strcmp(c->format, format) == 0;
}

static void rows_task(void *context, size_t i) {
    struct cpu_rows *c = context;
    const struct cpu_kernels *k = c->cpu->kernels;
    size_t first = i * c->tile, rows = c->n - first < c->tile ? c->n - first : c->tile,
           groups = c->k / INT4_GROUP;
    const char *w = (const char *)c->weights + c->slot * c->matrix;
    const char *scales = (const char *)c->scales + c->slot * c->matrix_scales;
    float *y = c->y.values + first;
    if (is_format(c, "bf16"))
        k->rows_bf16((const uint16_t *)(const void *)w + first * c->k, rows, c->k, c->x, c->m, y, c->n);
    else if (is_format(c, "fp8-block128")) /* tiles are of 128 rows or divide them */
        k->rows_fp8((const uint8_t *)w + first * c->k,
                    (const float *)(const void *)scales + first / 128 * groups, rows, c->k, c->x, c->m, y,
                    c->n);
    else
        k->rows_int4((const uint32_t *)(const void *)w + first * groups * INT4_GROUP_WORDS,
                     (const uint16_t *)(const void *)scales + first * groups, rows, c->k, c->x, c->m, y,
                     c->n);
}

static size_t rows_tiles(const struct cpu_rows *c) {
    return (c->n + c->tile - 1) / c->tile;
}

bool cpu_rows_work(void *context, uint64_t call) {
    struct cpu_rows *c = context;
    c->slot = call % c->slots;
    return cpu_pool_run(c->cpu->pool, rows_tiles(c), rows_task, c);
}

void cpu_rows_spoil(void *context) {
    ((struct cpu_rows *)context)->y.values[0] += 1000;
}

static double weight_at(const struct cpu_rows *c, size_t r, size_t i) {
    const char *scales = (const char *)c->scales + c->slot * c->matrix_scales;
    const uint8_t *w = (const uint8_t *)c->weights + c->slot * c->matrix;
    size_t groups = c->k / INT4_GROUP, g = r * groups + i / INT4_GROUP;
    if (is_format(c, "fp8-block128"))
        return (double)e4m3_value(w[r * c->k + i]) *
               (double)((const float *)(const void *)scales)[r / 128 * groups + i / 128];
    return int4_value((const uint32_t *)(const void *)w + g * INT4_GROUP_WORDS, (int)(i % INT4_GROUP)) *
           (double)bf16_value(((const uint16_t *)(const void *)scales)[g]);
}

static double reference(const struct cpu_rows *c, size_t r, const float *x) {
    double sum = 0;
    if (is_format(c, "bf16"))
        return check_dot_bf16(
            (const uint16_t *)(const void *)((const char *)c->weights + c->slot * c->matrix) + r * c->k, x,
            c->k);
    for (size_t i = 0; i < c->k; i++)
        sum += weight_at(c, r, i) * (double)x[i];
    return sum;
}

static void verify_task(void *context, size_t i) {
    struct cpu_rows *c = context;
    size_t end = (i + 1) * c->tile < c->n ? (i + 1) * c->tile : c->n;
    c->norm[i] = (struct check_norm){0};
    for (size_t r = (i * c->tile + c->stride - 1) / c->stride * c->stride; r < end; r += c->stride)
        for (size_t t = 0; t < c->m; t++)
            check_norm_add(&c->norm[i], (double)c->y.values[t * c->n + r], reference(c, r, c->x + t * c->k));
}

/* Every row where that is affordable; else every `stride`-th, and for bf16 all of them by Freivalds. */
double cpu_rows_verify(void *context) {
    struct cpu_rows *c = context;
    double work = (double)c->n * (double)c->k * (double)c->m * (is_format(c, "bf16") ? 1 : 8), value;
    struct check_norm all = {0};
    c->stride = (size_t)ceil(work / verify_work[c->cpu->run->options->level]);
    if (check_output_bad(&c->y, c->m * c->n))
        return INFINITY;
    if (!cpu_pool_run(c->cpu->pool, rows_tiles(c), verify_task, c))
        return NAN;
    for (size_t i = 0; i < rows_tiles(c); i++) {
        all.error += c->norm[i].error;
        all.size += c->norm[i].size;
    }
    value = check_norm_value(&all);
    if (c->stride == 1 || !is_format(c, "bf16"))
        return value;
    const uint16_t *w = (const uint16_t *)(const void *)((const char *)c->weights + c->slot * c->matrix);
    return fmax(value, check_freivalds(c->x, w, c->y.values, c->n, c->m, c->n, c->k, 3));
}

double cpu_rows_bytes(const struct cpu_rows *c) {
    return (double)c->matrix + (double)c->matrix_scales + 4 * (double)c->m * (double)(c->n + c->k);
}

bool cpu_rows_open(struct cpu_rows *c, struct run *run, size_t n, size_t k, size_t m) {
    c->cpu = cpu_of(run);
    c->n = n, c->k = k, c->m = m;
    c->tile = cpu_tile_rows(c->matrix / n, n, cpu_pool_threads(c->cpu->pool));
    while (!is_format(c, "bf16") && c->tile > 4 && 128 % c->tile)
        c->tile -= 4;
    c->x = cpu_allocate(run, m * k * sizeof *c->x);
    c->norm = cpu_allocate(run, rows_tiles(c) * sizeof *c->norm);
    if (c->x && c->norm && cpu_output(run, &c->y, m * n)) {
        cpu_random(c->x, m * k, 5);
        return true;
    }
    cpu_rows_close(c);
    return false;
}

void cpu_rows_close(struct cpu_rows *c) {
    check_output_close(&c->y);
    free(c->x);
    free(c->norm);
    c->x = NULL, c->norm = NULL;
}

double cpu_rows_over_read(struct cpu_rows *c) {
    struct stream *read = cpu_read_open(c->cpu->run, (size_t)cpu_rows_bytes(c));
    double ratio = read ? 1 / cpu_paired(c->cpu->run, cpu_rows_work, c, cpu_read_work, read) : NAN;
    if (read)
        cpu_read_close(read);
    return ratio;
}
