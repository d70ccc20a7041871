/* One evaluated scenario, and the ways to print it. */
#ifndef MOESCOPE_CLI_EVALUATION_H
#define MOESCOPE_CLI_EVALUATION_H

#include <stdio.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "core/estimate.h"
#include "core/scenario.h"

struct evaluation {
    struct scenario scenario;
    struct deployment deployment;
    struct estimate estimate;
};

/* Members of a JSON object: scenario fields after defaults, then estimate fields; unknown is null. */
void evaluation_write_json(const struct evaluation *v, struct json *j);

/* For people: label, value and unit in groups, then what they should know about the figures. */
void evaluation_write_table(const struct evaluation *v, FILE *out);

/* For people, many of them: a heading, then a line each. */
void evaluation_write_line_heading(FILE *out);
void evaluation_write_line(const struct evaluation *v, FILE *out);

/* `eval --scenarios`: every row of the file that the options name. */
enum status eval_rows(const struct options *o, enum output_format format, struct catalog *c);

#endif
