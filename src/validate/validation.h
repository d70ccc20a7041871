/* One validation from start to end: a helper, its records, predictions beside them, fits. The explorer and the command line
 * both drive it; it never waits. */
#ifndef MOESCOPE_VALIDATE_VALIDATION_H
#define MOESCOPE_VALIDATE_VALIDATION_H

#include "validate/fit.h"
#include "validate/helper.h"
#include "validate/measurement.h"
#include "validate/profile.h"

enum validation_state {
    VALIDATION_RUNNING,
    VALIDATION_ENDING, /* told to end: cancelled, or something was wrong */
    VALIDATION_DONE,
    VALIDATION_CANCELLED,
    VALIDATION_FAILED
};

enum { VALIDATION_FITS = 16 };

struct validation_options {
    const char *level;   /* quick, standard, full */
    const char *only;    /* an experiment, or several with commas; NULL: all */
    const char *command; /* runs the helper elsewhere; NULL: here */
};

struct validation {
    struct catalog *catalog;
    struct machine_model model;  /* with the constants as they were */
    struct machine_model fitted; /* with those that were accepted */
    enum gpu_match { MATCH_NONE, MATCH_SCENARIO, MATCH_OTHER, MATCH_HOST } match;
    struct gpu scenario_gpu;

    enum validation_state state;
    bool stalled;            /* nothing has come for three seconds */
    char message[ERROR_LEN]; /* of a failure, or of how it ended */
    struct measurement m;
    int n_fits;
    struct fitted fit[VALIDATION_FITS];
    bool fitting_done;

    struct helper helper;
    struct record_reader reader;
    bool has_process;   /* false: records are fed, as in a script */
    int lock;           /* -1: none */
    char routing[PROFILE_PATH]; /* temporary file; "": none */
    bool sends_routing;         /* it goes through the helper's standard input */
    double started, heard, told, limit_s; /* seconds of the monotonic clock */
    int strays;         /* lines before hello that are no records: a shell's greeting */
};

/* A new one for this deployment, without a helper. Free with validation_free. NULL when memory is short. */
struct validation *validation_new(struct catalog *c, const struct deployment *d);
void validation_free(struct validation *v); /* kills what runs; NULL is fine */

/* Starts the helper for the deployment: its dimensions, batch, context and the popularity of its experts. False with
 * err[ERROR_LEN]; v is to be freed. */
bool validation_start(struct validation *v, const struct deployment *d, const struct validation_options *o, char *err);

/* Looks once: reads what is there, checks clocks, reaps, fits. True when something has changed that is worth showing. */
bool validation_poll(struct validation *v);

/* Whether it needs no more polling. */
bool validation_over(const struct validation *v);

/* Descriptors to wait on; returns how many (0-2). fds[2]. */
int validation_fds(const struct validation *v, int *fds);
/* Milliseconds until validation_poll must look at the clock, -1 when never. */
int validation_wait_ms(const struct validation *v);

void validation_cancel(struct validation *v);

/* Feeds bytes as if a helper had written them, and the end of its output. */
void validation_feed(struct validation *v, const char *data, size_t n);
void validation_feed_end(struct validation *v);

/* |measured / predicted - 1| of an experiment's samples: the median, with the constants before or after; NAN unknown. */
double validation_error(const struct validation *v, enum protocol_experiment exp, bool after);

/* Writes the profile of what was accepted. False with err when nothing was, or the disk says no. */
bool validation_save(const struct validation *v, char *path, size_t size, char *err);
/* Lays it over the catalog's constants. False with err when nothing was accepted. */
bool validation_lay(const struct validation *v, char *err);
int validation_accepted(const struct validation *v); /* classes */

#endif
