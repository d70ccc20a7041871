/* The facts that the physics reads: models, GPUs, number formats, links.
 * Plain structs, filled by the catalog from the preset files. SI units throughout: bytes, seconds, FLOP/s.
 * NAN is an unknown number, 0 in an integer dimension means "does not apply". */
#ifndef MOESCOPE_CORE_PRESET_H
#define MOESCOPE_CORE_PRESET_H

#include <stdbool.h>

enum { ID_LEN = 48, NAME_LEN = 72 };

enum attention_kind { ATTENTION_MHA, ATTENTION_GQA, ATTENTION_MLA };

struct model {
    char id[ID_LEN];
    char name[NAME_LEN];
    bool rumour;             /* dimensions were never confirmed by the maker */
    int n_layers, hidden;
    int n_heads, n_kv_heads, head_dim;
    enum attention_kind attention;
    int q_lora_rank, kv_lora_rank; /* MLA; q_lora_rank 0: the query is not compressed */
    int qk_nope_head_dim, qk_rope_head_dim, v_head_dim;
    int dense_ffn, n_dense_layers; /* layers with a dense feed-forward come first, or interleaved by moe_layer_freq */
    int n_experts, top_k, n_shared_experts, expert_ffn;
    int moe_layer_freq; /* 1: every layer after the dense ones is MoE; 2: every second layer */
    int vocab;
    bool tie_embeddings;
    int ffn_mats; /* 3 gated (SwiGLU, GeGLU), 2 plain */
    int sliding_window, n_sliding_layers;
    int n_expert_groups, top_k_groups;
    char native_dtype[ID_LEN]; /* fp16, bf16, fp8, int8, mxfp4, or a format id, or "linear+experts" of two ids */
    int max_context; /* tokens; 0 unknown */
    double published_total_b, published_active_b; /* billions, the maker's figures */
    const char *source;
};

/* The rate of gpus.csv that a matmul runs at. */
enum compute_path { PATH_FP32, PATH_FP16, PATH_BF16, PATH_FP8, PATH_INT8, PATH_FP4, PATH_INT4, PATH_COUNT };

struct gpu {
    char id[ID_LEN];
    char name[NAME_LEN];
    char family[ID_LEN];     /* architecture; calibration rows are inherited along it */
    char kin[ID_LEN];        /* a family whose kernels are built alike: its rows stand in where the own family has none; "" */
    bool cpu;                /* no tiles, no thread blocks: its operators follow the plain roofline */
    double mem_bytes;        /* what the driver reports in total, else the marketed figure */
    bool mem_reported;       /* false: marketed figure, capacity is assumed */
    double mem_bw;           /* bytes/s */
    double rate[PATH_COUNT]; /* dense FLOP/s or OP/s; NAN: no such unit or no figure */
    int scaleup_domain;      /* GPUs that share the scale-up link */
    int sms;                 /* streaming multiprocessors, compute units; 0 unknown */
    double clock;            /* Hz, boost clock of the SMs; NAN or 0 unknown */
    double l2_bytes;         /* last-level cache; NAN unknown */
    double tdp_w;            /* NAN unknown */
    double price_h;          /* $/GPU-h, indicative on-demand; NAN unknown */
    char link_up[ID_LEN], link_out[ID_LEN];
    double link_up_bw; /* bytes/s: what this GPU itself can send on its scale-up link; NAN: PCIe only */
    const char *source;
};

enum format_kind { FORMAT_WEIGHTS, FORMAT_KV };

struct format {
    char id[ID_LEN];
    char name[NAME_LEN];
    enum format_kind kind;
    double bytes;           /* per element, scales included */
    enum compute_path path; /* weights only */
    int block;              /* a cut of a matrix must be a whole multiple of this (128 for 128x128 scales), else 1 */
    bool mla_only;          /* layouts of the latent KV cache */
    const char *source;
};

struct link {
    char id[ID_LEN];
    char name[NAME_LEN];
    double bandwidth;            /* bytes/s per direction and GPU, wire rate */
    double latency_s;            /* small message; NAN unknown */
    double allreduce_small_s[3]; /* NCCL, 2, 4, 8 GPUs; NAN unknown */
    double allreduce_busbw;      /* bytes/s, 8 GPUs, 512 MiB; NAN unknown */
    const char *source;
};

/* Where a figure comes from, from best to worst; a result has the worst origin of what went into it. */
enum origin { ORIGIN_MEASURED, ORIGIN_FITTED, ORIGIN_DATASHEET, ORIGIN_ASSUMED };

#endif
