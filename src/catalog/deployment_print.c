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
