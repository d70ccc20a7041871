#include <math.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "core/scenario.h"

static const char *deployment_text(const struct deployment *d, const struct scenario *s, enum field_id id) {
    switch (id) {
    case F_MODEL: /* an imported model's path, so that what is printed can be read back */
        return s->model[0] ? s->model : d->model->id;
    case F_WEIGHTS:
        return d->weights->id;
    case F_WEIGHTS_EXPERTS:
        return d->weights_experts->id;
    case F_KV:
        return d->kv->id;
    case F_GPU:
        return d->gpu->id;
    case F_LINK_UP:
        return d->link_up->id;
    case F_LINK_OUT:
        return d->link_out->id;
    case F_ENGINE:
        return s->engine[0] ? s->engine : scenario_fields[F_ENGINE].default_text;
    case F_MODE:
        return scenario_fields[F_MODE].fixed[d->mode];
    case F_SKEW_KIND:
        return scenario_fields[F_SKEW_KIND].fixed[d->skew_kind];
    case F_ROUTING_FILE:
        return s->routing_file;
    default:
        return "";
    }
}

/* Of the prefill pool; unknown where nobody set it and nothing reads it. */
static double pool_number(int value) {
    return value > 0 ? value : NAN;
}

double deployment_number(const struct deployment *d, const struct field *f) {
    switch ((enum field_id)(f - scenario_fields)) {
    case F_GPUS:
        return d->gpus;
    case F_GPUS_PER_NODE:
        return d->gpus_per_node;
    case F_TP:
        return d->tp;
    case F_PP:
        return d->pp;
    case F_DP:
        return d->dp;
    case F_EP:
        return d->ep;
    case F_PREFILL_GPUS:
        return pool_number(d->prefill.gpus);
    case F_PREFILL_TP:
        return pool_number(d->prefill.tp);
    case F_PREFILL_PP:
        return pool_number(d->prefill.pp);
    case F_PREFILL_DP:
        return pool_number(d->prefill.dp);
    case F_PREFILL_EP:
        return pool_number(d->prefill.ep);
    case F_PREFILL_BATCH:
        return pool_number(d->prefill.batch);
    case F_BATCH:
        return d->batch;
    case F_ISL:
        return d->isl;
    case F_OSL:
        return d->osl;
    case F_PREFIX_HIT:
        return d->prefix_hit;
    case F_CHUNK_TOKENS:
        return d->chunk_tokens;
    case F_SPEC_DEPTH:
        return d->spec_depth;
    case F_SPEC_ACCEPTANCE:
        return d->spec_acceptance;
    case F_SPEC_DRAFT_COST:
        return d->spec_draft_cost;
    case F_SKEW:
        return d->skew;
    case F_REDUNDANT_EXPERTS:
        return d->redundant_experts;
    case F_PRICE:
        return d->price;
    case F_POWER_PRICE:
        return d->power_price;
    case F_UTILISATION:
        return d->utilisation;
    case F_SLO_TTFT_MS:
        return d->slo_ttft_s * 1000;
    case F_SLO_TPOT_MS:
        return d->slo_tpot_s * 1000;
    default:
        return NAN;
    }
}

bool deployment_reads(const struct deployment *d, const struct field *f) {
    return d->mode == MODE_DISAGGREGATED || f->group != GROUP_POOLS || f == &scenario_fields[F_MODE];
}

const char *deployment_print(const struct deployment *d, const struct scenario *s, const struct field *f,
                             char *buf) {
    if (f->type != FIELD_TEXT && !scenario_is_default(s, f))
        return scenario_print(s, f, buf); /* as it was set: no rounding through seconds */
    if (f->type != FIELD_TEXT)
        return number_print(deployment_number(d, f), buf);
    snprintf(buf, VALUE_LEN, "%s", deployment_text(d, s, (enum field_id)(f - scenario_fields)));
    return buf;
}

static const char *format_choice(const struct catalog *c, enum format_kind kind, const struct model *model,
                                 size_t i) {
    for (size_t at = 0; at < catalog_format_count(c); at++) {
        const struct format *f = catalog_format_at(c, at);
        const bool suits =
            kind == FORMAT_WEIGHTS || !model || f->mla_only == (model->attention == ATTENTION_MLA);
        if (f->kind == kind && suits && i-- == 0)
            return f->id;
    }
    return NULL;
}

const char *catalog_choice(const struct catalog *c, const struct field *f, const struct model *model,
                           size_t i) {
    switch (f->choices) {
    case CHOICE_MODEL:
        return i < catalog_model_count(c) ? catalog_model_at(c, i)->id : NULL;
    case CHOICE_GPU:
        return i < catalog_gpu_count(c) ? catalog_gpu_at(c, i)->id : NULL;
    case CHOICE_LINK:
        return i < catalog_link_count(c) ? catalog_link_at(c, i)->id : NULL;
    case CHOICE_WEIGHTS:
        return format_choice(c, FORMAT_WEIGHTS, model, i);
    case CHOICE_KV:
        return format_choice(c, FORMAT_KV, model, i);
    case CHOICE_FIXED:
        for (size_t at = 0; f->fixed[at]; at++)
            if (at == i)
                return f->fixed[at];
        return NULL;
    case CHOICE_FILE:
    case CHOICE_NONE:
        break;
    }
    return NULL;
}
