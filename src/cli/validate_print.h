/* A validation, printed. */
#ifndef MOESCOPE_CLI_VALIDATE_PRINT_H
#define MOESCOPE_CLI_VALIDATE_PRINT_H

#include <stdio.h>

#include "cli/cli.h"
#include "validate/claims.h"

/* For people: the device, each experiment, the constants, the claims. */
void validate_print_table(const struct validation *v, FILE *out);
/* A row for each sample. */
void validate_print_csv(const struct validation *v, FILE *out);
/* An object for the run, then for each sample, fit and claim: `kind` tells them apart. */
void validate_print_json(const struct validation *v, FILE *out);

#endif
