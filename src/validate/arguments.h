/* A deployment as the helper's command line. Private to src/validate. */
#ifndef MOESCOPE_VALIDATE_ARGUMENTS_H
#define MOESCOPE_VALIDATE_ARGUMENTS_H

#include "validate/validation.h"

struct arguments {
    char dims[400], batch[24], context[24], skew[48];
    const char *list[HELPER_ARGUMENTS]; /* NULL ends */
};

/* Fills the list; v->routing is the file of the experts' popularity where one was written, to be removed at the end. False
 * with err[ERROR_LEN] when it cannot be written. */
bool arguments_make(struct validation *v, const struct deployment *d, const struct validation_options *o,
                    struct arguments *out, char *err);

#endif
