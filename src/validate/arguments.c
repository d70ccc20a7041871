#include "validate/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/loads.h"

/* Keys of --model-dims; what a model does not have (0) is left out. */
static void put_dims(const struct deployment *d, char *buf, size_t size) {
    const struct model *m = d->model;
    const struct {
        const char *key;
        int value;
    } dims[] = {
        {"hidden", m->hidden},     {"inter", m->expert_ffn},  {"experts", m->n_experts},  {"top_k", m->top_k},
        {"heads", m->n_heads},     {"kv_heads", m->n_kv_heads}, {"head_dim", m->head_dim}, {"kv_lora", m->kv_lora_rank},
        {"rope", m->kv_lora_rank > 0 ? m->qk_rope_head_dim : 0}, {"layers", m->n_layers}, {"dense_ffn", m->dense_ffn},
    };
    int used = 0;
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        if (dims[i].value > 0)
            used += snprintf(buf + used, size - (size_t)used, "%s=%d,", dims[i].key, dims[i].value);
    snprintf(buf + used, size - (size_t)used, "weights=%.40s", d->weights_experts->id);
}

static struct load_query query_of(const struct deployment *d) {
    return (struct load_query){.n_experts = d->model->n_experts, .top_k = d->model->top_k, .ranks = 1,
                               .tokens = d->batch, .skew_kind = d->skew_kind, .skew = d->skew, .routing = d->routing};
}

/* The very popularity that the imbalance pane shows, as shares of all assignments. */
static bool write_routing(const struct deployment *d, char *path, size_t size, char *err) {
    double p[EXPERTS_MAX];
    const char *dir = getenv("TMPDIR");
    const struct load_query q = query_of(d);
    load_popularity(&q, p);
    snprintf(path, size, "%s/moescope-routing-XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = out != NULL;
    if (ok)
        fputs("expert,share\n", out);
    for (int e = 0; ok && e < q.n_experts; e++)
        ok = fprintf(out, "%d,%.9g\n", e, p[e] / q.top_k) > 0;
    if (out && fclose(out) != 0)
        ok = false;
    if (!ok) {
        snprintf(err, ERROR_LEN, "%.300s: the routing for the helper cannot be written: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(path);
        *path = '\0';
    }
    return ok;
}

/* A helper elsewhere draws from the same law. */
static void put_skew(const struct deployment *d, char *buf, size_t size) {
    if (d->skew_kind == SKEW_ZIPF || d->skew_kind == SKEW_PARETO)
        snprintf(buf, size, "%s:%g", d->skew_kind == SKEW_ZIPF ? "zipf" : "pareto", d->skew);
    else
        snprintf(buf, size, "uniform");
}

bool arguments_make(struct validation *v, const struct deployment *d, const struct validation_options *o,
                    struct arguments *out, char *err) {
    int n = 0;
    bool moe = d->model->n_experts > 0;
    memset(out, 0, sizeof *out);
    put_dims(d, out->dims, sizeof out->dims);
    snprintf(out->batch, sizeof out->batch, "%d", d->batch);
    snprintf(out->context, sizeof out->context, "%d", d->isl);
    out->list[n++] = "--level", out->list[n++] = o->level;
    if (o->only)
        out->list[n++] = "--only", out->list[n++] = o->only;
    out->list[n++] = "--model-dims", out->list[n++] = out->dims;
    out->list[n++] = "--batch", out->list[n++] = out->batch;
    out->list[n++] = "--context", out->list[n++] = out->context;
    v->sends_routing = moe && o->command && d->skew_kind == SKEW_FILE;
    if (moe && (d->skew_kind == SKEW_FILE || (!o->command && d->skew_kind != SKEW_UNIFORM))) {
        if (!write_routing(d, v->routing, sizeof v->routing, err))
            return false;
        out->list[n++] = "--routing", out->list[n++] = v->sends_routing ? "-" : v->routing;
    } else if (moe) {
        put_skew(d, out->skew, sizeof out->skew);
        out->list[n++] = "--skew", out->list[n++] = out->skew;
    }
    return true;
}
