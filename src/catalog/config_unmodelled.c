#include "catalog/config_reader.h"

#ifdef HAVE_JANSSON

#include <stdio.h>
#include <string.h>

/* Keys that give away a part that the physics has no law for. "key>1" asks for a number above 1, "key=true"
 * for true, a bare key for any value but null, false, 0 and an empty list. */
static const struct {
    const char *keys, *what;
} unmodelled[] = {
    {"linear_num_key_heads linear_num_value_heads linear_conv_kernel_dim linear_attn_config linear_attention",
     "linear attention"},
    {"layer_group_size>1", "linear attention"},
    {"hybrid_override_pattern mamba_num_heads mamba_d_state mamba_d_conv mamba_d_ssm mamba_n_heads "
     "mamba_expand "
     "ssm_state_size ssm_cfg state_size attn_layer_period mamba_ssm_dtype",
     "state-space (Mamba) layers"},
    {"time_mix_extra_dim attention_hidden_size wkv_version rescale_every", "a recurrent (RWKV) mixer"},
    {"lru_width", "recurrent layers"},
    {"conv_L_cache", "short-convolution layers"},
    {"index_topk index_n_heads index_head_dim", "sparse attention with an indexer"},
    {"sparse_attention_config sparse_config moba_config nsa_config sparse_topk", "sparse attention"},
    {"block_configs", "irregular layers (block_configs)"},
    {"global_head_dim num_global_key_value_heads swa_num_key_value_heads swa_head_dim "
     "attention_other_setting",
     "attention of two shapes in one model"},
    {"num_kv_shared_layers use_cla", "a KV cache shared between layers"},
    {"altup_num_inputs laurel_rank", "augmented residual streams"},
    {"hc_mult", "several residual streams"},
    {"cross_attention_layers add_cross_attention=true", "cross-attention layers"},
    {"is_encoder_decoder=true", "an encoder and a decoder"},
    {"zero_expert_num", "experts that compute nothing"},
    {"parallel_attn_mlp_res=true", "a dense feed-forward beside the experts in each layer"},
    {"hidden_size_per_layer_input", "embeddings of their own in each layer"},
    {"ffn_multipliers qkv_multipliers", "layers that differ in width"},
};

/* Whether one entry of the lists above holds for the file. */
static bool holds(const struct config *c, const char *entry) {
    char key[64];
    const size_t length = strcspn(entry, "=>");

    snprintf(key, sizeof key, "%.*s", (int)length, entry);
    const json_t *value = config_find(c, key, NULL);
    if (!value || json_is_false(value))
        return false;
    if (entry[length] == '=')
        return json_is_true(value);
    if (json_is_number(value))
        return json_number_value(value) > (entry[length] == '>' ? 1 : 0);
    return !json_is_array(value) || json_array_size(value) > 0;
}

static bool any_holds(const struct config *c, const char *entries) {
    for (; *entries; entries += strcspn(entries, " "), entries += strspn(entries, " ")) {
        char entry[64];
        snprintf(entry, sizeof entry, "%.*s", (int)strcspn(entries, " "), entries);
        if (holds(c, entry))
            return true;
    }
    return false;
}

static bool is_attention(const char *layer) {
    static const char *const known[] = {
        "full_attention", "sliding_attention", "chunked_attention", "attention", "global",
        "local",          "global_attention",  "local_attention"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(layer, known[i]) == 0)
            return true;
    return false;
}

/* A list that names the kind of each layer: every kind must be a plain attention. */
static bool check_layer_names(const struct config *c, const char *key) {
    const json_t *list = config_find(c, key, NULL);
    char what[96];

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *layer = json_string_value(json_array_get(list, i));
        if (!layer || is_attention(layer))
            continue;
        if (strcmp(layer, "linear_attention") == 0)
            return config_refuse(c, "linear attention");
        snprintf(what, sizeof what, "layers of the kind '%.60s'", layer);
        return config_refuse(c, what);
    }
    return true;
}

/* MiniMax: 1 is full attention, 0 linear ("lightning") attention. */
static bool check_attention_types(const struct config *c) {
    const json_t *list = config_find(c, "attn_type_list", NULL);

    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_number_value(json_array_get(list, i)) != 1)
            return config_refuse(c, "linear attention");
    return true;
}

/* Mixers that a file names only by its type: its dimensions alone would pass for a plain transformer's. */
static bool check_type(const struct config *c) {
    static const struct {
        const char *type, *what;
    } types[] = {{"rwkv", "a recurrent (RWKV) mixer"},    {"mamba", "state-space (Mamba) layers"},
                 {"jamba", "state-space (Mamba) layers"}, {"retnet", "retention"},
                 {"xlstm", "a recurrent (xLSTM) mixer"},  {"recurrent_gemma", "recurrent layers"},
                 {"hyena", "long convolutions"},          {"bert", "an encoder without a decoder"}};
    const char *type = config_string(c, "model_type");

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(type, types[i].type, strlen(types[i].type)) == 0)
            return config_refuse(c, types[i].what);
    return true;
}

bool config_check_modelled(const struct config *c) {
    if (!check_layer_names(c, "layer_types") || !check_layer_names(c, "layers_block_type") ||
        !check_layer_names(c, "block_types") || !check_attention_types(c) || !check_type(c))
        return false;
    for (size_t i = 0; i < sizeof unmodelled / sizeof *unmodelled; i++)
        if (any_holds(c, unmodelled[i].keys))
            return config_refuse(c, unmodelled[i].what);
    return true;
}

#else
typedef int config_unmodelled_is_empty;
#endif
