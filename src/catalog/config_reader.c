#include "catalog/config_reader.h"

#ifdef HAVE_JANSSON

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/schema.h"
#include "core/loads.h"

/* --- keys -------------------------------------------------------------------------------------- */

static const json_t *look_up(const json_t *object, const char *key) {
    char head[64];
    const char *dot = strchr(key, '.');

    if (dot) {
        snprintf(head, sizeof head, "%.*s", (int)(dot - key), key);
        return look_up(json_object_get(object, head), dot + 1);
    }
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

const json_t *config_find(const struct config *c, const char *keys, char name[64]) {
    char key[64];

    for (; *keys; keys += strcspn(keys, " "), keys += strspn(keys, " ")) {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(keys, " "), keys);
        const json_t *value = look_up(c->text, key);
        if (!value)
            value = look_up(c->root, key);
        if (value) {
            if (name)
                memcpy(name, key, sizeof key);
            return value;
        }
    }
    return NULL;
}

bool config_bad_key(const struct config *c, const char *key, const char *what) {
    snprintf(c->err, ERROR_LEN, "%.200s: key '%.60s': %.200s", c->path, key, what);
    return false;
}

bool config_refuse(const struct config *c, const char *what) {
    snprintf(c->err, ERROR_LEN, "%.200s: %.80s uses %.150s, which is not modelled", c->path, c->architecture,
             what);
    return false;
}

static bool is_uniform(const json_t *list) {
    for (size_t i = 1; i < json_array_size(list); i++)
        if (!json_equal(json_array_get(list, 0), json_array_get(list, i)))
            return false;
    return json_array_size(list) > 0;
}

bool config_integer(const struct config *c, const char *keys, int low, int high, int *value, bool *found) {
    char key[64], what[128];
    const json_t *number = config_find(c, keys, key);

    if (found)
        *found = number != NULL;
    if (!number)
        return true;
    if (json_is_array(number) && is_uniform(number))
        number = json_array_get(number, 0);
    if (json_is_array(number)) {
        snprintf(what, sizeof what, "layers that differ in %s", key);
        return config_refuse(c, what);
    }
    const double real = json_number_value(number); /* some files write 2048.0 */
    if (!json_is_number(number) || real < low || real > high || real != floor(real)) {
        char *text = json_dumps(number, JSON_ENCODE_ANY | JSON_COMPACT);
        snprintf(what, sizeof what, "found %.40s; allowed: a whole number from %d to %d", text ? text : "?",
                 low, high);
        free(text);
        return config_bad_key(c, key, what);
    }
    *value = (int)real;
    return true;
}

bool config_is_true(const struct config *c, const char *key) {
    return json_is_true(config_find(c, key, NULL));
}

bool config_is_false(const struct config *c, const char *key) {
    return json_is_false(config_find(c, key, NULL));
}

const char *config_string(const struct config *c, const char *keys) {
    const char *text = json_string_value(config_find(c, keys, NULL));
    return text ? text : "";
}

static bool need_integer(const struct config *c, const char *keys, int low, int high, int *value) {
    bool found;
    char first[64];

    if (!config_integer(c, keys, low, high, value, &found))
        return false;
    snprintf(first, sizeof first, "%.*s", (int)strcspn(keys, " "), keys);
    return found || config_bad_key(c, first, "missing; the file must have it to count the model's weights");
}

/* --- the parts of a model ---------------------------------------------------------------------- */

static bool read_size(const struct config *c, struct model *m) {
    return need_integer(c, "num_hidden_layers n_layers n_layer num_layers", 1, 1000, &m->n_layers) &&
           need_integer(c, "hidden_size d_model n_embd", 1, 1000000, &m->hidden) &&
           need_integer(c, "num_attention_heads n_heads n_head", 1, 10000, &m->n_heads) &&
           need_integer(c, "vocab_size padded_vocab_size", 1, 100000000, &m->vocab) &&
           config_integer(c, "max_position_embeddings max_seq_len n_positions seq_length max_sequence_length",
                          1, INT_MAX, &m->max_context, NULL);
}

static bool read_mla(const struct config *c, struct model *m) {
    m->attention = ATTENTION_MLA;
    m->n_kv_heads = m->n_heads;
    if (!config_integer(c, "q_lora_rank", 0, 100000, &m->q_lora_rank, NULL) ||
        !need_integer(c, "qk_nope_head_dim", 1, 10000, &m->qk_nope_head_dim) ||
        !need_integer(c, "qk_rope_head_dim", 1, 10000, &m->qk_rope_head_dim) ||
        !need_integer(c, "v_head_dim", 1, 10000, &m->v_head_dim))
        return false;
    m->head_dim = m->qk_nope_head_dim + m->qk_rope_head_dim;
    return true;
}

static bool read_head_dim(const struct config *c, struct model *m) {
    bool found;

    if (!config_integer(c, "head_dim attention_head_dim kv_channels", 1, 10000, &m->head_dim, &found))
        return false;
    if (found)
        return true;
    if (m->hidden % m->n_heads != 0)
        return config_bad_key(c, "head_dim",
                              "missing, and hidden_size is not a multiple of num_attention_heads");
    m->head_dim = m->hidden / m->n_heads;
    return true;
}

static bool read_attention(const struct config *c, struct model *m) {
    bool found;

    if (!config_integer(c, "kv_lora_rank", 1, 100000, &m->kv_lora_rank, &found))
        return false;
    if (found)
        return read_mla(c, m);
    if (!read_head_dim(c, m) ||
        !config_integer(
            c, "num_key_value_heads attn_config.kv_n_heads n_head_kv num_kv_heads multi_query_group_num", 1,
            10000, &m->n_kv_heads, &found))
        return false;
    if (config_is_true(c, "multi_query") && !config_is_true(c, "new_decoder_architecture"))
        m->n_kv_heads = 1; /* Falcon-7B and StarCoder: one head whatever num_kv_heads says */
    else if (!found)
        m->n_kv_heads = m->n_heads;
    m->attention = m->n_kv_heads == m->n_heads ? ATTENTION_MHA : ATTENTION_GQA;
    return true;
}

/* Model types that the library which wrote these files builds without a gate (two matrices), and those whose
 * embedding and head are one matrix unless the file says otherwise. */
static bool is_one_of(const char *type, const char *const *prefixes) {
    for (; *prefixes; prefixes++)
        if (strncmp(type, *prefixes, strlen(*prefixes)) == 0)
            return true;
    return false;
}

static void read_flavour(const struct config *c, struct model *m) {
    static const char *const plain[] = {"gpt2",           "gpt_bigcode", "gpt_neo", "gptj",    "opt",
                                        "bloom",          "mpt",         "falcon",  "codegen", "starcoder2",
                                        "stablelm_alpha", "persimmon",   NULL};
    static const char *const tied[] = {"gemma", "cohere", "gpt2", "gpt_bigcode", "falcon",
                                       "mpt",   "bloom",  "opt",  "starcoder2",  NULL};
    const char *type = config_string(c, "model_type");
    const char *activation =
        config_string(c, "hidden_act hidden_activation mlp_hidden_act activation_function");
    const bool phi =
        strcmp(type, "phi") == 0 || strcmp(type, "phi-msft") == 0; /* phi3 and phimoe have the gate */

    m->ffn_mats = is_one_of(type, plain) || phi || strcmp(activation, "relu2") == 0 ? 2 : 3;
    m->tie_embeddings = config_is_true(c, "tie_word_embeddings") ||
                        (!config_find(c, "tie_word_embeddings", NULL) && is_one_of(type, tied));
}

/* Experts that every token takes: their number, or the width of one fused expert as a multiple of a routed
 * one's. */
static bool read_shared_experts(const struct config *c, struct model *m) {
    bool found;
    int width = 0;

    if (!config_integer(c, "n_shared_experts num_shared_experts num_shared_expert moe_num_shared_experts", 0,
                        EXPERTS_MAX, &m->n_shared_experts, &found))
        return false;
    if (found)
        return true;
    if (!config_integer(c, "shared_expert_intermediate_size shared_intermediate_size", 0, 10000000, &width,
                        NULL))
        return false;
    if (width % m->expert_ffn != 0)
        return config_refuse(c, "a shared expert whose width is no multiple of a routed expert's");
    m->n_shared_experts = width / m->expert_ffn;
    if (config_find(c, "interleave_moe_layer_step", NULL))
        m->n_shared_experts = 1; /* Llama 4 has one and does not say so */
    return true;
}

static bool read_experts(const struct config *c, struct model *m) {
    bool found;

    if (!config_integer(
            c,
            "num_local_experts num_experts n_routed_experts moe_num_experts ffn_config.moe_num_experts "
            "num_moe_experts",
            0, EXPERTS_MAX, &m->n_experts, NULL))
        return false;
    if (config_is_false(c, "enable_moe_block") || m->n_experts <= 1)
        m->n_experts = 0;
    if (m->n_experts == 0)
        return true;
    if (!need_integer(c,
                      "num_experts_per_tok num_experts_per_token experts_per_token moe_top_k moe_topk moe_k "
                      "top_k_experts num_selected_experts ffn_config.moe_top_k",
                      1, m->n_experts, &m->top_k) ||
        !config_integer(c, "moe_intermediate_size expert_ffn_hidden_size ffn_config.ffn_hidden_size", 1,
                        10000000, &m->expert_ffn, &found))
        return false;
    if (!found && !need_integer(c, "intermediate_size", 1, 10000000, &m->expert_ffn))
        return false;
    return read_shared_experts(c, m) &&
           config_integer(c, "n_group", 0, EXPERTS_MAX, &m->n_expert_groups, NULL) &&
           config_integer(c, "topk_group", 0, EXPERTS_MAX, &m->top_k_groups, NULL);
}

static bool read_feed_forward(const struct config *c, struct model *m) {
    if (!read_experts(c, m) || !config_read_dense_layers(c, m))
        return false;
    if (m->n_dense_layers == 0)
        return true;
    return need_integer(c, "intermediate_size_mlp intermediate_size ffn_hidden_size ffn_dim n_inner d_ff", 1,
                        10000000, &m->dense_ffn);
}

/* The object of the language model inside a wrapper. */
static const json_t *find_text(const json_t *root) {
    static const char *const names[] = {"text_config", "language_config", "llm_config", "thinker_config"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *inner = json_object_get(root, names[i]);
        if (json_is_object(inner))
            return find_text(inner);
    }
    return root;
}

static const char *find_architecture(const json_t *root) {
    const char *name = json_string_value(json_array_get(json_object_get(root, "architectures"), 0));
    if (!name)
        name = json_string_value(json_object_get(root, "model_type"));
    return name ? name : "this model";
}

bool config_read_model(const json_t *root, const char *path, struct model *m, char *err) {
    const struct config c = {root, find_text(root), path, find_architecture(root), err};
    const char *allowed, *bad;

    m->moe_layer_freq = 1;
    m->published_total_b = m->published_active_b = NAN;
    if (!config_check_modelled(&c) || !read_size(&c, m) || !read_attention(&c, m))
        return false;
    read_flavour(&c, m);
    if (!read_feed_forward(&c, m) || !config_read_windows(&c, m) || !config_read_dtype(&c, m))
        return false;
    bad = schema_check_model(m, &allowed);
    if (bad) {
        snprintf(err, ERROR_LEN, "%.200s: the dimensions do not go together: %s must be %s", path, bad,
                 allowed);
        return false;
    }
    return true;
}

#else
typedef int config_reader_is_empty; /* ISO C wants something in every file */
#endif
