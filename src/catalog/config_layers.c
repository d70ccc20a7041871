#include "catalog/config_reader.h"

#ifdef HAVE_JANSSON

#include <limits.h>
#include <string.h>

/* --- which layers have experts ----------------------------------------------------------------- */

/* How files say it; each names a rule of its family, and all that are there hold together. */
struct expert_rules {
    int first;           /* layers before this one are dense (DeepSeek, GLM) */
    int every;           /* layer i has experts if i is a multiple (DeepSeek) */
    int step;            /* layer i has experts if i + 1 is a multiple (Qwen, Llama 4) */
    const json_t *dense; /* list of dense layers (Qwen), or NULL */
    const json_t *which; /* list of layers with experts (Llama 4), or NULL */
    const json_t *flags; /* one 0 or 1 per layer, or NULL */
};

static bool lists(const json_t *list, int layer) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_integer_value(json_array_get(list, i)) == layer)
            return true;
    return false;
}

static bool has_experts(const struct expert_rules *r, int layer) {
    if (r->which)
        return lists(r->which, layer);
    if (r->flags)
        return json_integer_value(json_array_get(r->flags, (size_t)layer)) != 0;
    return layer >= r->first && layer % r->every == 0 && (layer + 1) % r->step == 0 &&
           !lists(r->dense, layer);
}

bool config_read_dense_layers(const struct config *c, struct model *m) {
    struct expert_rules r = {.first = 0, .every = 1, .step = 1};
    const json_t *frequency = config_find(c, "moe_layer_freq", NULL),
                 *which = config_find(c, "moe_layers", NULL);

    if (m->n_experts == 0) {
        m->n_dense_layers = m->n_layers;
        return true;
    }
    if (!config_integer(c, "first_k_dense_replace num_dense_layers moe_layer_start_index", 0, m->n_layers,
                        &r.first, NULL) ||
        (!json_is_array(frequency) && !config_integer(c, "moe_layer_freq", 1, 1000, &r.every, NULL)) ||
        !config_integer(c, "decoder_sparse_step interleave_moe_layer_step moe_layer_interval", 1, 1000,
                        &r.step, NULL))
        return false;
    r.dense = config_find(c, "mlp_only_layers", NULL);
    r.which = json_array_size(which) > 0 ? which : NULL;
    r.flags = json_is_array(frequency) ? frequency : NULL;
    m->n_dense_layers = 0;
    for (int i = 0; i < m->n_layers; i++)
        m->n_dense_layers += !has_experts(&r, i);
    m->moe_layer_freq = r.step > 1 ? r.step : r.every;
    if (m->n_dense_layers == m->n_layers)
        m->n_experts = m->top_k = m->n_shared_experts = m->expert_ffn = 0;
    return true;
}

/* --- which layers see a window only ------------------------------------------------------------ */

/* Layers named in layer_types; -1 without such a list. */
static int count_named(const struct config *c) {
    const json_t *list = config_find(c, "layer_types", NULL);
    int n = 0;

    if (json_array_size(list) == 0)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *kind = json_string_value(json_array_get(list, i));
        n += kind && (strncmp(kind, "sliding", 7) == 0 || strncmp(kind, "chunked", 7) == 0 ||
                      strncmp(kind, "local", 5) == 0);
    }
    return n;
}

/* "LLLG": L is local, repeated over the layers. */
static int count_pattern(const char *pattern, int n_layers) {
    const size_t length = strlen(pattern);
    int n = 0;

    for (int i = 0; i < n_layers; i++)
        n += pattern[(size_t)i % length] == 'L';
    return n;
}

/* Llama 4: layers without rotary embedding (every fourth, or 0 in the list) see everything, the others a
 * chunk. */
static bool count_chunked(const struct config *c, const struct model *m, int *n) {
    const json_t *rotary = config_find(c, "no_rope_layers", NULL);
    int every = 4;

    if (json_array_size(rotary) > 0) {
        *n = 0;
        for (size_t i = 0; i < json_array_size(rotary); i++)
            *n += json_integer_value(json_array_get(rotary, i)) != 0;
        return true;
    }
    if (!config_integer(c, "no_rope_layer_interval", 1, 1000, &every, NULL))
        return false;
    *n = m->n_layers - m->n_layers / every;
    return true;
}

/* Without a list: every p-th layer is global; families with a fixed habit do not write it down. */
static bool count_by_rule(const struct config *c, const struct model *m, int *n) {
    const char *type = config_string(c, "model_type");
    const json_t *pattern =
        config_find(c, "sliding_window_pattern _sliding_window_pattern layer_switch", NULL);
    int every = strncmp(type, "gemma2", 6) == 0 || strncmp(type, "gpt_oss", 7) == 0 ? 2
                : strncmp(type, "gemma3", 6) == 0                                   ? 6
                : strncmp(type, "cohere2", 7) == 0                                  ? 4
                                                                                    : 0;
    if (json_string_length(pattern) > 0) {
        *n = count_pattern(json_string_value(pattern), m->n_layers);
        return true;
    }
    if (!config_integer(c, "sliding_window_pattern _sliding_window_pattern layer_switch", 1, 1000, &every,
                        NULL))
        return false;
    *n = every > 0 ? m->n_layers - m->n_layers / every : m->n_layers;
    if (config_is_true(c, "use_sliding_window")) { /* Qwen2: the first max_window_layers see everything */
        int full = 0;
        if (!config_integer(c, "max_window_layers", 0, INT_MAX, &full, NULL))
            return false;
        *n = full < m->n_layers ? m->n_layers - full : 0;
    }
    return true;
}

bool config_read_windows(const struct config *c, struct model *m) {
    const int named = count_named(c);
    bool sliding, chunked;
    int n = 0;

    if (config_is_false(c, "use_sliding_window") || named == 0)
        return true;
    if (!config_integer(c, "sliding_window sliding_window_size", 0, INT_MAX, &m->sliding_window, &sliding))
        return false;
    sliding = sliding && m->sliding_window > 0;
    if (!sliding && !config_integer(c, "attention_chunk_size", 1, INT_MAX, &m->sliding_window, &chunked))
        return false;
    if (!sliding && !chunked)
        return named < 0 ||
               config_bad_key(c, "sliding_window", "missing, but layer_types names layers with a window");
    if (named >= 0)
        n = named;
    else if (!(sliding ? count_by_rule(c, m, &n) : count_chunked(c, m, &n)))
        return false;
    if (n == 0 || (m->max_context > 0 && m->sliding_window >= m->max_context))
        m->sliding_window = n = 0; /* a window as long as the context cuts nothing */
    m->n_sliding_layers = n;
    return true;
}

#else
typedef int config_layers_is_empty;
#endif
