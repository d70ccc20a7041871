/* What `rules` and `laws` share: two scenarios, an explorer to ask, and tables for people. */
#ifndef MOESCOPE_CLI_PAIR_H
#define MOESCOPE_CLI_PAIR_H

#include <stdio.h>

#include "cli/cli.h"
#include "explore/explore.h"

struct pair {
    struct catalog *catalog;
    struct session *session;
    struct explorer explorer;
    enum output_format format;
};

/* Reads --format, opens the presets and both scenarios. Close it either way. */
enum status pair_open(const struct options *o, struct pair *p);
void pair_close(struct pair *p);

const struct scenario *pair_scenario(const struct pair *p, int slot);

/* "A  mixtral-8x7b on 2 a100-80-sxm, batch 32", and the same for B. */
void pair_write_heading(const struct pair *p, FILE *out);

/* Words broken at blanks, each line indented. */
void pair_write_text(FILE *out, int indent, const char *text);

/* A CSV cell: shortest exact decimal, empty for NAN. */
void pair_write_number(FILE *out, double value);

#endif
