#include "catalog/config_reader.h"

#ifdef HAVE_JANSSON

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a checkpoint's quantisation says of its weights. */
struct scheme {
    char method[32];
    long bits, group;                      /* 0: not said; group -1: one scale per channel */
    bool is_float, symmetric, activations; /* activations: quantised too */
};

static long integer_of(const json_t *object, const char *key) {
    return (long)json_number_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *format_int4(const struct scheme *s) {
    if (s->group == 32)
        return s->symmetric ? "int4-sym-g32" : NULL;
    if (s->group == 64)
        return "int4-g64";
    if (s->group != 128)
        return NULL;
    return s->symmetric ? "int4-gptq-sym-g128" : "int4-awq-g128";
}

/* The format for integers and floats of so many bits, or NULL. */
static const char *format_of(const struct scheme *s) {
    if (s->is_float && s->bits == 8)
        return s->activations ? "fp8" : "fp8-w8a16";
    if (s->is_float && s->bits == 4 && s->group == 16)
        return s->activations ? "nvfp4" : "nvfp4-w4a16";
    if (s->is_float && s->bits == 4 && s->group == 32)
        return "mxfp4-w4a16";
    if (!s->is_float && s->bits == 8)
        return s->activations ? "int8-w8a8" : "int8-w8a16";
    if (!s->is_float && s->bits == 4)
        return s->activations ? NULL : format_int4(s);
    if (!s->is_float && s->bits == 3 && s->group == 128)
        return "int3-g128";
    return NULL;
}

static const char *read_fp8(const json_t *q, struct scheme *s) {
    const json_t *block = json_object_get(q, "weight_block_size");

    if (json_array_size(block) == 0)
        return "fp8";
    s->group = (long)json_integer_value(json_array_get(block, 0));
    return json_array_size(block) == 2 && s->group == 128 &&
                   json_integer_value(json_array_get(block, 1)) == 128
               ? "fp8-block128"
               : NULL;
}

/* compressed-tensors: groups of layers with a scheme each; the first one is the weights'. */
static const char *read_groups(const json_t *q, struct scheme *s) {
    const json_t *groups = json_object_get(q, "config_groups");
    const json_t *group = json_object_iter_value(json_object_iter((json_t *)groups));
    const json_t *weights = json_object_get(group, "weights");

    s->bits = integer_of(weights, "num_bits");
    s->group = integer_of(weights, "group_size");
    s->is_float = strcmp(text_of(weights, "type"), "float") == 0;
    s->symmetric = json_is_true(json_object_get(weights, "symmetric"));
    s->activations = json_is_object(json_object_get(group, "input_activations"));
    if (s->is_float && s->bits == 8 && strcmp(text_of(weights, "strategy"), "block") == 0)
        return "fp8-block128";
    return format_of(s);
}

static const char *read_algorithm(const char *algorithm) {
    static const char *const known[][2] = {{"FP8", "fp8"},
                                           {"FP8_PER_CHANNEL_PER_TOKEN", "fp8"},
                                           {"NVFP4", "nvfp4"},
                                           {"W4A16_AWQ", "int4-awq-g128"},
                                           {"W8A8_SQ_PER_CHANNEL", "int8-w8a8"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(algorithm, known[i][0]) == 0)
            return known[i][1];
    return NULL;
}

static const char *read_bitsandbytes(const json_t *q) {
    if (json_is_true(json_object_get(q, "load_in_8bit")))
        return "int8-w8a16";
    return json_is_true(json_object_get(q, "bnb_4bit_use_double_quant")) ? "nf4-dq" : "nf4";
}

/* The weight format of the quantised layers, or NULL when it is not one of ours. */
static const char *read_scheme(const json_t *q, struct scheme *s) {
    snprintf(s->method, sizeof s->method, "%s", text_of(q, "quant_method"));
    s->bits = integer_of(q, "bits");
    s->group = integer_of(q, "group_size");
    s->symmetric = json_is_true(json_object_get(q, "sym"));
    if (strcmp(s->method, "fp8") == 0 || strcmp(s->method, "fbgemm_fp8") == 0)
        return read_fp8(q, s);
    if (strcmp(s->method, "mxfp4") == 0)
        return "mxfp4-w4a16";
    if (strcmp(s->method, "awq") == 0 || strcmp(s->method, "gptq") == 0)
        return format_of(s);
    if (strcmp(s->method, "compressed-tensors") == 0)
        return read_groups(q, s);
    if (strcmp(s->method, "modelopt") == 0)
        return read_algorithm(text_of(q, "quant_algo"));
    if (strcmp(s->method, "bitsandbytes") == 0)
        return read_bitsandbytes(q);
    return NULL;
}

/* Whether the whole attention, not that of single layers, is left as it was: then only the experts are
 * quantised. */
static bool spares_attention(const json_t *q) {
    static const char *const keys[] = {"modules_to_not_convert", "ignore", "exclude_modules",
                                       "ignored_layers"};

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const json_t *list = json_object_get(q, keys[k]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *name = json_string_value(json_array_get(list, i));
            if (name && strstr(name, "self_attn") && !strpbrk(name, "0123456789"))
                return true;
        }
    }
    return false;
}

static bool read_plain(const struct config *c, char out[ID_LEN]) {
    static const char *const known[][2] = {
        {"bfloat16", "bf16"}, {"float16", "fp16"}, {"float32", "fp32"}, {"", "bf16"}};
    const char *type = config_string(c, "dtype torch_dtype");

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i][0]) == 0) {
            snprintf(out, ID_LEN, "%s", known[i][1]);
            return true;
        }
    return config_bad_key(c, "torch_dtype", "allowed: bfloat16, float16 or float32");
}

bool config_read_dtype(const struct config *c, struct model *m) {
    const json_t *q = config_find(c, "quantization_config compression_config", NULL);
    struct scheme s = {.bits = 0};
    char plain[ID_LEN], what[128];

    if (!read_plain(c, plain))
        return false;
    if (!json_is_object(q)) {
        memcpy(m->native_dtype, plain, sizeof plain);
        return true;
    }
    const char *format = read_scheme(q, &s);
    if (!format) {
        snprintf(what, sizeof what,
                 "the scheme '%s' (%ld bits, group %ld) is not known; take it out of a copy of the file "
                 "and set weights",
                 s.method, s.bits, s.group);
        return config_bad_key(c, "quantization_config", what);
    }
    if (m->n_experts > 0 && spares_attention(q))
        snprintf(m->native_dtype, sizeof m->native_dtype, "%.16s+%s", plain, format);
    else
        snprintf(m->native_dtype, sizeof m->native_dtype, "%s", format);
    return true;
}

#else
typedef int config_quant_is_empty;
#endif
