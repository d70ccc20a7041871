/* The measured rows: what was timed, with the shapes that the laws read. One struct for all files, so that fitting and
 * reporting are loops. */
#ifndef MOESCOPE_TESTS_FIDELITY_ROWS_H
#define MOESCOPE_TESTS_FIDELITY_ROWS_H

#include "catalog/catalog.h"
#include "core/estimate.h"
#include "core/timing.h"

#include "routing.h"

enum file_id {
    FILE_GEMM, FILE_MOE, FILE_ATTENTION_PREFILL, FILE_ATTENTION_DECODE, FILE_MLA_PREFILL, FILE_MLA_DECODE,
    FILE_COLLECTIVE, FILE_DEEPEP_LL, FILE_DEEPEP_NORMAL, FILE_AGGREGATED, FILE_DISAGGREGATED, FILE_COUNT
};

enum { FOLDS = 8 };

extern const char *const file_names[FILE_COUNT]; /* "gemm", ...: the file's name without folder and suffix */

enum { FIGURES_MAX = 2 };

struct figure {
    const char *metric; /* latency_ms, dispatch_us, combine_us, ttft_ms, tpot_ms */
    double measured;    /* in the metric's unit */
    enum calibration_class class; /* whose constants make it; CAL_ENGINE for serving */
};

struct moe_shape {
    double tokens, hidden, inter, top_k, experts, ranks, cut;
    double exponent; /* of the power law; 0: balanced */
};

struct collective_shape {
    double bytes;
    int n;
    bool one_byte;
};

struct deepep_shape {
    double tokens, hidden;
    int top_k, experts, sms;
};

struct measured_row {
    enum file_id file;
    char gpu_name[ID_LEN], engine[ID_LEN], model[MODEL_REF_LEN], flag[ID_LEN];
    char dtype[ID_LEN];
    char reason[160]; /* why it cannot be answered; "" otherwise */
    unsigned long family; /* rows of one shape family have one number */
    unsigned order, fold; /* for cross-validation: the families of one number type in one file, dealt out in turn */
    int n_figures;
    struct figure figure[FIGURES_MAX];
    const struct gpu *gpu;
    const struct link *link;
    const struct format *format;
    double m, n, k; /* gemm */
    struct attention_shape attention;
    struct mla_shape mla;
    struct moe_shape moe;
    struct drawn_rank routed;
    struct collective_shape collective;
    struct deepep_shape deepep;
    struct scenario scenario; /* serving */
    struct deployment deployment;
    struct load_cache *laws; /* of the deployment: fits ask for the same ones again and again */
    bool benchmark; /* a burst of ten waves, not a steady state */
};

struct measured {
    struct measured_row *row;
    size_t n, room;
};

/* Reads all known files below dir (silicon/, serving/, or dir itself). A missing file is no error, a bad one is: false
 * with file, line and field in err. */
bool measured_read(struct catalog *c, const char *dir, struct measured *out, char *err);
void measured_free(struct measured *m);

/* Seconds that the model says for figure i of the row; NAN with row->reason set when it cannot. The deployment's own
 * calibration pointers are replaced by these three: the GPU's, the link's; engine values for serving rows. */
double measured_predict(const struct measured_row *r, int i, const struct calibration *gpu, const struct calibration *link,
                        const struct calibration *engine, struct load_cache *cache);

#endif
