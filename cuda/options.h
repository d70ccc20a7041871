/* The command line of the helper. */
#ifndef MOESCOPE_CUDA_OPTIONS_H
#define MOESCOPE_CUDA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cuda/protocol.h"
#include "cuda/router.h"

enum level { LEVEL_QUICK, LEVEL_STANDARD, LEVEL_FULL };
enum backend_kind { BACKEND_AUTO, BACKEND_CPU, BACKEND_CUDA };
enum fault {
    FAULT_NONE,
    FAULT_HANG,
    FAULT_CRASH,
    FAULT_GARBAGE,
    FAULT_CUTLINE,
    FAULT_LONGLINE,
    FAULT_NEWPROTO,
    FAULT_NAN,
    FAULT_OOM,
    FAULT_WRONG,
    FAULT_SILENT
};
enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_PROTO };

/* The model of the scenario, one layer of it. 0: not there (kv_lora, dense_ffn) or not known. */
struct dims {
    int hidden, inter, experts, top_k, heads, kv_heads, head_dim, kv_lora, rope, layers, dense_ffn;
    char weights[32]; /* format id */
};

struct options {
    enum options_action action;
    enum level level;
    enum backend_kind backend;
    bool only[PROTOCOL_EXP_COUNT]; /* all true unless --only */
    int threads;                   /* 0: all that are allowed */
    struct dims dims;
    int batch, context;
    struct router router; /* experts and top_k of dims, skew, exponent, share */
    bool
        input_spent; /* --routing - read standard input to its end, which so cannot cancel the run any more */
    enum fault fault;
    enum protocol_experiment fault_at; /* NONE: the first chance */
};

enum { OPTIONS_ERROR_MAX = 256 };

/* False: what is wrong, what is allowed, in err[OPTIONS_ERROR_MAX]. */
bool options_read(struct options *o, int argc, char **argv, const char *fault, char *err);

const char *options_help(void);
const char *options_level_word(enum level level);

#endif
