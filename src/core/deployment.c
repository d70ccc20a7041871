#include "core/deployment.h"

int deployment_default_tp(const struct model *m, int gpus, int gpus_per_node) {
    int most = gpus < gpus_per_node ? gpus : gpus_per_node;
    for (int tp = most; tp > 1; tp--) {
        bool kv = m->attention == ATTENTION_MLA || m->n_kv_heads % tp == 0 || tp % m->n_kv_heads == 0;
        if (gpus % tp == 0 && m->n_heads % tp == 0 && kv)
            return tp;
    }
    return 1;
}
