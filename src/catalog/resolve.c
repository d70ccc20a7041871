#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/calibration.h"
#include "catalog/catalog.h"
#include "catalog/config_json.h"
#include "catalog/routing_file.h"
#include "catalog/schema.h"
#include "catalog/store.h"
#include "catalog/suggest.h"
#include "core/pools.h"

/* One resolution: what it works on, and the field at fault when a step returns false. */
struct resolution {
    struct catalog *c;
    const struct scenario *s;
    struct deployment *d;
    char *err;
    enum field_id bad;
};

static const char *text_of(const struct resolution *r, enum field_id id) {
    const struct field *f = &scenario_fields[id];
    const char *text = scenario_text(r->s, f);
    return *text || !f->default_text ? text : f->default_text;
}

/* The number of a field: what the user set, else the constant default of the table, else NAN. */
static double number_of(const struct resolution *r, enum field_id id) {
    const struct field *f = &scenario_fields[id];
    if (!scenario_is_default(r->s, f))
        return scenario_number(r->s, f);
    return f->default_text ? strtod(f->default_text, NULL) : NAN;
}

static int integer_of(const struct resolution *r, enum field_id id, int derived) {
    const double value = number_of(r, id);
    if (isnan(value))
        return derived;
    return value < 1     ? 1
           : value > 1e9 ? 1000000000
                         : (int)value; /* the table's range is narrower; no cast overflows */
}

static bool unknown(struct resolution *r, enum field_id id, const char *text) {
    const struct field *f = &scenario_fields[id];
    struct suggestion nearest;
    char range[VALUE_LEN], hint[ID_LEN + 24] = "";
    const char *choice;

    suggest_begin(&nearest, text);
    for (size_t i = 0; (choice = catalog_choice(r->c, f, NULL, i)); i++)
        suggest_offer(&nearest, choice);
    if (nearest.best)
        snprintf(hint, sizeof hint, " did you mean '%s'?", nearest.best);
    snprintf(r->err, ERROR_LEN, "%s: '%.100s' is not known;%s allowed: %s", f->id, text, hint,
             field_range(f, range));
    r->bad = id;
    return false;
}

static bool resolve_model(struct resolution *r) {
    const char *reference = text_of(r, F_MODEL);
    const size_t i = store_find(&r->c->models, reference);
    char what[ERROR_LEN];

    if (i < r->c->models.count) {
        r->d->model = catalog_model_at(r->c, i);
        return true;
    }
    if (!config_is_path(reference))
        return unknown(r, F_MODEL, reference);
    r->d->model = config_import(r->c, reference, what);
    if (r->d->model)
        return true;
    snprintf(r->err, ERROR_LEN, "model: %.500s", what);
    r->bad = F_MODEL;
    return false;
}

static bool find_format(struct resolution *r, enum field_id id, const char *text, enum format_kind kind,
                        const struct format **out) {
    const size_t i = store_find(&r->c->formats, text);
    if (i == r->c->formats.count || catalog_format_at(r->c, i)->kind != kind)
        return unknown(r, id, text);
    *out = catalog_format_at(r->c, i);
    return true;
}

/* Experts follow `weights` when only that is set: whoever asks for INT4 means the experts first of all. */
static bool resolve_weights(struct resolution *r) {
    const char *linear = text_of(r, F_WEIGHTS), *experts = text_of(r, F_WEIGHTS_EXPERTS);
    size_t native_linear, native_experts;

    if (!schema_native_formats(r->c, r->d->model->native_dtype, &native_linear, &native_experts)) {
        snprintf(r->err, ERROR_LEN,
                 "weights: the native format '%s' of model '%s' is not in formats.csv; set weights",
                 r->d->model->native_dtype, r->d->model->id);
        r->bad = F_WEIGHTS;
        return false;
    }
    r->d->weights = catalog_format_at(r->c, native_linear);
    r->d->weights_experts = catalog_format_at(r->c, native_experts);
    if (*linear) {
        if (!find_format(r, F_WEIGHTS, linear, FORMAT_WEIGHTS, &r->d->weights))
            return false;
        r->d->weights_experts = r->d->weights;
    }
    return !*experts || find_format(r, F_WEIGHTS_EXPERTS, experts, FORMAT_WEIGHTS, &r->d->weights_experts);
}

/* "kv-fp8" on a model with a latent cache means that cache's 8-bit layout, and the other way round: the
 * layout of the same width. Where there is none the format stays, and the physics says that it does not suit
 * the model. */
static const struct format *suit_kv(const struct catalog *c, const struct format *kv, bool mla) {
    if (kv->mla_only == mla)
        return kv;
    for (size_t i = 0; i < catalog_format_count(c); i++) {
        const struct format *f = catalog_format_at(c, i);
        if (f->kind == FORMAT_KV && f->mla_only == mla && f->bytes == kv->bytes)
            return f;
    }
    return kv;
}

static bool resolve_kv(struct resolution *r) {
    const char *text = text_of(r, F_KV);
    if (!find_format(r, F_KV, *text ? text : "kv-16", FORMAT_KV, &r->d->kv))
        return false;
    r->d->kv = suit_kv(r->c, r->d->kv, r->d->model->attention == ATTENTION_MLA);
    return true;
}

static bool resolve_gpu(struct resolution *r) {
    const char *id = text_of(r, F_GPU);
    const size_t i = store_find(&r->c->gpus, id);

    if (i == r->c->gpus.count)
        return unknown(r, F_GPU, id);
    r->d->gpu = catalog_gpu_at(r->c, i);
    r->d->calibration = catalog_calibration(r->c, r->d->gpu);
    struct calibration engine;
    calibration_engine(r->c, text_of(r, F_ENGINE), r->d->gpu, &engine);
    r->d->engine = engine.of[CAL_ENGINE];
    r->d->first_token = engine.of[CAL_FIRST_TOKEN];
    r->d->pool_step = engine.of[CAL_POOL_STEP];
    r->d->pool_first = engine.of[CAL_POOL_FIRST];
    return true;
}

static bool find_link(struct resolution *r, enum field_id id, const char *preset, const struct link **out,
                      const struct calibration **calibration) {
    const char *text = text_of(r, id);
    const size_t i = store_find(&r->c->links, *text ? text : preset);

    if (i == r->c->links.count)
        return unknown(r, id, *text ? text : preset);
    *out = catalog_link_at(r->c, i);
    *calibration = catalog_link_calibration(r->c, *out);
    return true;
}

/* A card without a scale-up link sits in a PCIe box of eight; a superchip whose link ends at itself is alone.
 */
static int default_gpus_per_node(const struct gpu *g) {
    if (g->scaleup_domain > 1)
        return g->scaleup_domain;
    return isnan(g->link_up_bw) ? 8 : 1;
}

/* What decides the GPUs of the pools: what was set, and where tp was, whole engines. */
static void resolve_pools(struct resolution *r) {
    struct deployment *d = r->d;
    struct prefill_pool *p = &d->prefill;
    const bool used = strcmp(text_of(r, F_MODE), scenario_fields[F_MODE].fixed[MODE_DISAGGREGATED]) == 0;

    d->mode = used ? MODE_DISAGGREGATED : MODE_AGGREGATED;
    p->tp = integer_of(r, F_PREFILL_TP, used ? d->tp : 0);
    p->pp = integer_of(r, F_PREFILL_PP, used ? d->pp : 0);
    p->dp = integer_of(r, F_PREFILL_DP, used ? d->dp : 0);
    p->ep = integer_of(r, F_PREFILL_EP, used ? d->ep : 0);
    p->gpus = integer_of(r, F_PREFILL_GPUS, 0);
    if (used && p->gpus == 0)
        p->gpus = p->tp > 0 && d->tp > 0 ? deployment_default_prefill_gpus(d) : d->gpus / 2;
    if (used && p->tp == 0)
        p->tp = deployment_default_tp(d->model, p->gpus, d->gpus_per_node);
}

static void resolve_layout(struct resolution *r) {
    struct deployment *d = r->d;
    const double price = number_of(r, F_PRICE);

    d->gpus = integer_of(r, F_GPUS, 1);
    d->gpus_per_node = integer_of(r, F_GPUS_PER_NODE, default_gpus_per_node(d->gpu));
    d->pp = integer_of(r, F_PP, 1);
    d->dp = integer_of(r, F_DP, 1);
    d->ep = integer_of(r, F_EP, 1);
    d->tp = integer_of(r, F_TP, 0);
    resolve_pools(r);
    if (d->tp == 0) {
        const int own = d->gpus - (d->mode == MODE_DISAGGREGATED ? d->prefill.gpus : 0);
        d->tp = deployment_default_tp(d->model, own > 0 ? own : 1, d->gpus_per_node);
    }
    d->redundant_experts = (int)number_of(r, F_REDUNDANT_EXPERTS);
    d->price = isnan(price) ? d->gpu->price_h : price;
}

/* The histogram for skew_kind file; otherwise it waits, but a slip in its path shows at once. A dense model reads nothing of
 * routing. */
static bool resolve_routing(struct resolution *r) {
    const char *path = text_of(r, F_ROUTING_FILE);
    const bool used = r->d->skew_kind == SKEW_FILE;
    char what[ERROR_LEN];

    if (r->d->model->n_experts == 0 || (!used && (!*path || routing_exists(path, what))))
        return true;
    r->bad = F_ROUTING_FILE;
    if (!*path) {
        snprintf(r->err, ERROR_LEN,
                 "routing_file: skew_kind file needs it; allowed: the path of a CSV file with the columns "
                 "expert and count, or skew_kind uniform, zipf or pareto");
        return false;
    }
    if (used)
        r->d->routing = routing_read(r->c, path, r->d->model, what);
    if (!r->d->routing)
        snprintf(r->err, ERROR_LEN, "routing_file: %.490s", what);
    return r->d->routing != NULL;
}

static bool resolve_skew(struct resolution *r) {
    const struct field *f = &scenario_fields[F_SKEW_KIND];
    const char *kind = text_of(r, F_SKEW_KIND);

    for (int i = 0; f->fixed[i]; i++)
        if (strcmp(f->fixed[i], kind) == 0) {
            r->d->skew_kind = (enum skew_kind)i; /* the table lists them in the order of the enum */
            r->d->skew = number_of(r, F_SKEW);
            return resolve_routing(r);
        }
    return unknown(r, F_SKEW_KIND, kind);
}

static void resolve_workload(struct resolution *r) {
    struct deployment *d = r->d;

    d->batch = integer_of(r, F_BATCH, 1);
    d->isl = integer_of(r, F_ISL, 1);
    d->osl = integer_of(r, F_OSL, 1);
    d->prefix_hit = number_of(r, F_PREFIX_HIT);
    d->chunk_tokens = (int)number_of(r, F_CHUNK_TOKENS);
    d->spec_depth = (int)number_of(r, F_SPEC_DEPTH);
    d->spec_acceptance = number_of(r, F_SPEC_ACCEPTANCE);
    /* the module that DeepSeek-V3 predicts further tokens with is one layer (technical report, 2024, section 2.2) */
    d->spec_draft_cost = scenario_is_default(r->s, &scenario_fields[F_SPEC_DRAFT_COST])
                             ? floor(1000.0 / d->model->n_layers + 0.5) / 1000 /* no longer than people would write it */
                             : number_of(r, F_SPEC_DRAFT_COST);
    d->prefill.batch = integer_of(r, F_PREFILL_BATCH,
                                  d->mode == MODE_DISAGGREGATED ? pools_default_batch(d) : 0);
    d->power_price = number_of(r, F_POWER_PRICE);
    d->utilisation = number_of(r, F_UTILISATION);
    d->slo_ttft_s = number_of(r, F_SLO_TTFT_MS) / 1000;
    d->slo_tpot_s = number_of(r, F_SLO_TPOT_MS) / 1000;
}

bool catalog_resolve(struct catalog *c, const struct scenario *s, struct deployment *d, char *err,
                     int *bad_field) {
    struct resolution r = {c, s, d, err, F_MODEL};

    memset(d, 0, sizeof *d);
    if (resolve_model(&r) && resolve_weights(&r) && resolve_kv(&r) && resolve_gpu(&r) &&
        find_link(&r, F_LINK_UP, d->gpu->link_up, &d->link_up, &d->up_calibration) &&
        find_link(&r, F_LINK_OUT, d->gpu->link_out, &d->link_out, &d->out_calibration) && resolve_skew(&r)) {
        resolve_layout(&r);
        resolve_workload(&r);
        return true;
    }
    if (bad_field)
        *bad_field = r.bad;
    return false;
}
