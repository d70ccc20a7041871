/* The formulas of the two source articles, as the articles have them, and the arithmetic that holds a printed number
 * against them. A = "MoE vs dense: serving cost", B = "MoE vs dense models in inference" (after E. Erdil, epoch.ai
 * 2024). Nothing here is this program's opinion: laws.h and the physics have that. */
#ifndef MOESCOPE_CORE_ARTICLE_H
#define MOESCOPE_CORE_ARTICLE_H

#include <stdbool.h>

enum { ARTICLE_INPUTS_MAX = 6 };

struct article_formula {
    const char *id;
    const char *notation;                  /* the equation in the names of its inputs */
    const char *unit;                      /* of the result */
    const char *input[ARTICLE_INPUTS_MAX]; /* names, with their units where they have one; NULL ends */
    double (*value)(const double *in);     /* in the order of `input` */
};

extern const struct article_formula article_formulas[]; /* up to one without an id */

/* The formula with this id, or NULL. */
const struct article_formula *article_formula_find(const char *id);

/* The place of an input in the formula, or -1. `name` ends at `length`. */
int article_input_find(const struct article_formula *f, const char *name, int length);

/* A number as somebody printed it: 12.50 has a digit of 0.01. With a tilde, "about" or "around" in front, trailing
 * zeros are no digits: ~300 has a digit of 100. */
struct article_number {
    double value; /* NAN: none */
    double digit; /* what one unit of its last digit is worth */
};

/* The first number in a text; thousands may have commas. */
struct article_number article_number_read(const char *text);

/* All that a formula can give when each input is anywhere within `slack` of its value. */
struct article_range {
    double value, low, high;
};
struct article_range article_compute(const struct article_formula *f, const double *in, const double *slack);

/* Whether a printed number is what came out: within one unit of its last digit (rounded either way, or cut off) of
 * something that the inputs allow. */
bool article_agrees(struct article_number printed, struct article_range computed);

/* Whether it would be, in another unit: a power of 1000 apart, or 1000 against 1024. */
bool article_agrees_in_other_unit(struct article_number printed, struct article_range computed);

#endif
