/* A scenario: what the user chose. One table describes every field; sliders, flags, CSV columns, JSON keys, the man page
 * and the help overlay are loops over it. Names and meanings are an interface (see man/moescope.1).
 *
 * A field left alone holds its default marker: "" in a text field, NAN in a number. The catalog turns a scenario into a
 * deployment, in which every default has been replaced by its value. */
#ifndef MOESCOPE_CORE_SCENARIO_H
#define MOESCOPE_CORE_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/preset.h"

enum { MODEL_REF_LEN = 256, VALUE_LEN = 256, ERROR_LEN = 512 };

struct scenario {
    char model[MODEL_REF_LEN]; /* preset id, or path of a config.json */
    char weights[ID_LEN], weights_experts[ID_LEN], kv[ID_LEN];
    char gpu[ID_LEN];
    double gpus, gpus_per_node;
    char link_up[ID_LEN], link_out[ID_LEN];
    double tp, pp, dp, ep;
    char mode[ID_LEN];
    double prefill_gpus, prefill_tp, prefill_pp, prefill_dp, prefill_ep, prefill_batch; /* used with mode disaggregated */
    double batch, isl, osl, prefix_hit;
    char engine[ID_LEN];
    double chunk_tokens, spec_depth, spec_acceptance, spec_draft_cost;
    char skew_kind[ID_LEN];
    double skew;
    char routing_file[MODEL_REF_LEN]; /* path of a histogram, used with skew_kind file */
    double redundant_experts;
    double price, power_price, utilisation;
    double slo_ttft_ms, slo_tpot_ms;
};

enum field_type { FIELD_TEXT, FIELD_INTEGER, FIELD_REAL };
enum field_scale { SCALE_LINEAR, SCALE_LOG2 };
enum field_group {
    GROUP_MODEL, GROUP_HARDWARE, GROUP_LAYOUT, GROUP_WORKLOAD, GROUP_ENGINE, GROUP_ROUTING, GROUP_POOLS, GROUP_PRICE,
    GROUP_COUNT
};

/* What a text field may hold. The catalog knows the ids of presets; CHOICE_FIXED is the list in the table; CHOICE_FILE is
 * the path of a file. */
enum field_choices { CHOICE_NONE, CHOICE_MODEL, CHOICE_WEIGHTS, CHOICE_KV, CHOICE_GPU, CHOICE_LINK, CHOICE_FIXED, CHOICE_FILE };

struct field {
    const char *id, *label, *unit;
    enum field_group group;
    enum field_type type;
    double min, max, step; /* numbers; step: one key press on a linear scale (log2 sliders double and halve, from 0 to step) */
    bool open_min;         /* min itself is not allowed: (min, max] */
    enum field_scale scale;
    enum field_choices choices;
    const char *fixed[6];      /* CHOICE_FIXED, NULL-terminated */
    const char *default_text;  /* the default where it is a constant, else NULL: derived from the presets */
    const char *default_note;  /* how the default is derived, for help and man page */
    const char *help;
    size_t offset; /* in struct scenario */
};

enum field_id {
    F_MODEL, F_WEIGHTS, F_WEIGHTS_EXPERTS, F_KV,
    F_GPU, F_GPUS, F_GPUS_PER_NODE, F_LINK_UP, F_LINK_OUT,
    F_TP, F_PP, F_DP, F_EP,
    F_BATCH, F_ISL, F_OSL, F_PREFIX_HIT,
    F_ENGINE, F_CHUNK_TOKENS, F_SPEC_DEPTH, F_SPEC_ACCEPTANCE, F_SPEC_DRAFT_COST,
    F_SKEW_KIND, F_SKEW, F_ROUTING_FILE, F_REDUNDANT_EXPERTS,
    F_MODE, F_PREFILL_GPUS, F_PREFILL_TP, F_PREFILL_PP, F_PREFILL_DP, F_PREFILL_EP, F_PREFILL_BATCH,
    F_PRICE, F_POWER_PRICE, F_UTILISATION, F_SLO_TTFT_MS, F_SLO_TPOT_MS,
    FIELD_COUNT
};

extern const struct field scenario_fields[FIELD_COUNT];
extern const char *const field_group_names[GROUP_COUNT];

/* Every field at its default marker. */
void scenario_init(struct scenario *s);

/* The field with this id ('-' counts as '_'), or NULL. */
const struct field *scenario_find_field(const char *id);

bool scenario_is_default(const struct scenario *s, const struct field *f);
void scenario_set_default(struct scenario *s, const struct field *f);
bool scenario_equal(const struct scenario *a, const struct scenario *b);

/* Access by type; the field must be of that type. */
double scenario_number(const struct scenario *s, const struct field *f);
const char *scenario_text(const struct scenario *s, const struct field *f);

/* Sets a field from what a person or a file wrote. Numbers take k, M, G (powers of 1000) and %, in the C locale whatever
 * LC_NUMERIC says; "" restores the default. Text fields with presets behind them are only measured here, the catalog
 * knows the ids. Returns false, leaves *s alone and says what is allowed in err[ERROR_LEN] otherwise. */
bool scenario_parse(struct scenario *s, const struct field *f, const char *text, char *err);

/* Sets a number, refusing what the table does not allow, like scenario_parse. */
bool scenario_set_number(struct scenario *s, const struct field *f, double value, char *err);

/* The shortest text that scenario_parse reads back to the same value; "" for a default. buf[VALUE_LEN]. Returns buf. */
const char *scenario_print(const struct scenario *s, const struct field *f, char *buf);

/* The same for a bare number; "" for NAN. */
const char *number_print(double value, char *buf);

/* "1 to 4096, whole number", "uniform, zipf or pareto": the allowed values in words. buf[VALUE_LEN]. Returns buf. */
const char *field_range(const struct field *f, char *buf);

#endif
