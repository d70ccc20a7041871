/* Exact counting from a model's dimensions: parameters, FLOP, KV elements. */
#ifndef MOESCOPE_CORE_COUNT_H
#define MOESCOPE_CORE_COUNT_H

#include "core/deployment.h"

/* Parameters of one GPU's share of one layer, by what holds them. tp cuts heads and dense widths, ep and etp the experts. */
struct layer_params {
    double attention_in;  /* projections before attention: q, k, v, or MLA's down- and up-projections */
    double attention_out; /* output projection */
    double ffn;           /* dense feed-forward */
    double experts;       /* all routed experts that the GPU holds */
    double shared;        /* shared experts */
    double router;        /* 16-bit */
    double norms;         /* 16-bit */
};

void count_layer(const struct model *m, int tp, int ep, int etp, struct layer_params *out);

/* One routed expert: mats * hidden * expert_ffn. */
double count_expert(const struct model *m);

/* Layers 0 .. n-1: how many are dense, how many have a sliding window. */
int count_dense_layers(const struct model *m, int n);
int count_sliding_layers(const struct model *m, int n);

double count_embedding(const struct model *m); /* vocab * hidden; the LM head is as large */
double count_total(const struct model *m);
/* Parameters that one token uses: LM head in, embedding look-up out. */
double count_active(const struct model *m);

/* Elements of KV cache per token and layer on one GPU. Heads that cannot be cut further are kept whole on several GPUs;
 * the latent of MLA is whole on all. */
double count_kv_elements(const struct model *m, int tp);

/* How many of the tp GPUs hold the same of these. */
double count_kv_copies(const struct model *m, int tp);

/* Multiply-adds x 2 of attention for one new token against one cached token, one layer, on one GPU. `absorbed`: MLA in
 * decode works on the latent itself; in prefill on expanded heads. Source: DeepSeek-V2, arXiv 2405.04434, section 2.1. */
double count_attention_flop(const struct model *m, int tp, bool absorbed);

/* Mean cached tokens that a layer's attention reads per sequence at `context` tokens: sliding layers see their window. */
double count_mean_context(const struct model *m, double context);

/* Mean tokens that each of n new tokens sees in a causal prefill after `before` cached ones, mean over the layers:
 * before + n/2, or w - w^2/(2n) where a window w < n cuts it (before = 0). */
double count_causal_context(const struct model *m, double n, double before);

#endif
