#include "validate/predict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void predict_host(const struct measurement *m, struct gpu *out) {
    double read = measurement_result(m, PROTOCOL_READ), flop = measurement_result(m, PROTOCOL_GEMM_RATE);
    *out = (struct gpu){.id = "host", .family = "host", .cpu = !m->gpu, .mem_bytes = m->mem_bytes, .mem_reported = true,
                        .scaleup_domain = 1};
    snprintf(out->name, sizeof out->name, "%.60s", m->device);
    out->mem_bw = isnan(read) ? m->mem_bw : read;
    for (int i = 0; i < PATH_COUNT; i++)
        out->rate[i] = NAN;
    out->rate[PATH_FP32] = out->rate[PATH_BF16] = isnan(flop) ? m->rate_bf16 : flop;
    out->sms = m->cores > 0 ? (int)m->cores : 0;
    out->clock = out->tdp_w = out->price_h = out->link_up_bw = NAN;
    out->l2_bytes = m->llc_bytes;
}

/* The formats of samples without one: 16-bit. */
static const struct format *format_of(const struct machine_model *model, const struct sample *s) {
    const char *id = *s->format ? s->format : "bf16";
    for (size_t i = 0; i < catalog_format_count(model->catalog); i++)
        if (strcmp(catalog_format_at(model->catalog, i)->id, id) == 0)
            return catalog_format_at(model->catalog, i);
    return NULL;
}

static double kv_bytes(const struct machine_model *model, const struct sample *s) {
    const struct format *f = format_of(model, s);
    return f ? f->bytes : NAN;
}

static struct attention_shape attention_of(const struct machine_model *model, const struct sample *s) {
    return (struct attention_shape){.batch = s->shape[SHAPE_BATCH], .context = s->shape[SHAPE_CONTEXT],
                                    .heads = s->shape[SHAPE_HEADS], .kv_heads = s->shape[SHAPE_KV_HEADS],
                                    .head_dim = s->shape[SHAPE_HEAD_DIM], .kv_bytes = kv_bytes(model, s)};
}

/* The latent of DeepSeek's attention, the only one there is so far: 512 and 64 for the rotary part. */
static struct mla_shape mla_of(const struct machine_model *model, const struct sample *s) {
    return (struct mla_shape){.batch = s->shape[SHAPE_BATCH], .context = s->shape[SHAPE_CONTEXT],
                              .heads = s->shape[SHAPE_HEADS], .latent = 512, .rope = 64, .kv_bytes = kv_bytes(model, s)};
}

/* Weights are rotated through buffers larger than the caches: as if other layers came between. */
static struct experts_shape experts_of(const struct sample *s) {
    return (struct experts_shape){.tokens = s->shape[SHAPE_BATCH], .assignments = s->shape[SHAPE_ASSIGNMENTS],
                                  .distinct = s->shape[SHAPE_DISTINCT], .even = s->skew == PROTOCOL_SKEW_BALANCED,
                                  .held = s->shape[SHAPE_EXPERTS], .experts = s->shape[SHAPE_EXPERTS],
                                  .top_k = s->shape[SHAPE_TOP_K], .ranks = 1, .hidden = s->shape[SHAPE_HIDDEN],
                                  .inter = s->shape[SHAPE_INTER], .mats = 3};
}

static bool is_product(const struct sample *s) {
    return s->op == PROTOCOL_OP_GEMM || s->op == PROTOCOL_OP_GEMV || s->op == PROTOCOL_OP_DEQUANT;
}

enum calibration_class predict_class(const struct machine_model *model, const struct sample *s) {
    const struct format *f = format_of(model, s);
    struct attention_shape a;
    struct mla_shape l;
    if (!f)
        return CAL_COUNT;
    if (is_product(s))
        return (enum calibration_class)(CAL_GEMM + (int)format_class_of(f));
    switch (s->op) {
    case PROTOCOL_OP_EXPERTS:
        return (enum calibration_class)(CAL_EXPERTS + (int)format_class_of(f));
    case PROTOCOL_OP_ATTENTION:
        a = attention_of(model, s);
        return attention_decode_class(&a);
    case PROTOCOL_OP_MLA:
        l = mla_of(model, s);
        return mla_decode_class(&l);
    case PROTOCOL_OP_STREAM:
    case PROTOCOL_OP_ROUTING:
    case PROTOCOL_OP_LAUNCH:
        return CAL_ELEMENTWISE;
    default:
        return CAL_COUNT;
    }
}

static double law_seconds(const struct machine_model *model, const struct sample *s) {
    const struct format *f = format_of(model, s);
    const struct calibration *c = &model->calibration;
    const struct gpu *g = &model->gpu;
    struct experts_shape e = experts_of(s);
    struct attention_shape a = attention_of(model, s);
    struct mla_shape l = mla_of(model, s);
    if (is_product(s))
        return gemm_time(c, g, f, s->shape[SHAPE_M], s->shape[SHAPE_N], s->shape[SHAPE_K]).seconds;
    switch (s->op) {
    case PROTOCOL_OP_EXPERTS:
        return experts_time(c, g, f, &e).seconds;
    case PROTOCOL_OP_ATTENTION:
        return attention_decode_time(c, g, &a).seconds;
    case PROTOCOL_OP_MLA:
        return mla_decode_time(c, g, &l).seconds;
    case PROTOCOL_OP_STREAM:
        return elementwise_time(c, g, s->shape[SHAPE_BYTES], 1).seconds;
    case PROTOCOL_OP_ROUTING:
    case PROTOCOL_OP_LAUNCH: {
        double bytes = s->shape[SHAPE_BYTES];
        return elementwise_time(c, g, isnan(bytes) ? 0 : bytes, 1).seconds;
    }
    default:
        return NAN;
    }
}

/* Shapes that the laws would divide by, or loop over. */
static bool is_whole(const struct sample *s) {
    static const enum sample_shape products[] = {SHAPE_M, SHAPE_N, SHAPE_K, SHAPE_COUNT};
    static const enum sample_shape experts[] = {SHAPE_BATCH, SHAPE_ASSIGNMENTS, SHAPE_DISTINCT, SHAPE_EXPERTS,
                                                SHAPE_TOP_K, SHAPE_HIDDEN,      SHAPE_INTER,    SHAPE_COUNT};
    static const enum sample_shape attention[] = {SHAPE_BATCH,    SHAPE_CONTEXT,  SHAPE_HEADS,
                                                  SHAPE_KV_HEADS, SHAPE_HEAD_DIM, SHAPE_COUNT};
    static const enum sample_shape mla[] = {SHAPE_BATCH, SHAPE_CONTEXT, SHAPE_HEADS, SHAPE_COUNT};
    static const enum sample_shape stream[] = {SHAPE_BYTES, SHAPE_COUNT};
    static const enum sample_shape none[] = {SHAPE_COUNT};
    const enum sample_shape *need = is_product(s)                     ? products
                                    : s->op == PROTOCOL_OP_EXPERTS   ? experts
                                    : s->op == PROTOCOL_OP_ATTENTION ? attention
                                    : s->op == PROTOCOL_OP_MLA       ? mla
                                    : s->op == PROTOCOL_OP_STREAM    ? stream
                                                                     : none;
    for (; *need != SHAPE_COUNT; need++)
        if (!(s->shape[*need] > 0 && s->shape[*need] < 1e15))
            return false;
    return true;
}

double predict_seconds(const struct machine_model *model, const struct sample *s) {
    if (predict_class(model, s) == CAL_COUNT || !is_whole(s))
        return NAN;
    double seconds = law_seconds(model, s);
    return isfinite(seconds) && seconds > 0 ? seconds : NAN;
}
