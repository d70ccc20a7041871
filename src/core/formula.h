/* Formulas as people write them, worked out: numbers, names, + - * / ^, <= >= < > (1 or 0), min, max, ceil, floor. What a
 * working shows is what was computed, because the text is the computation. */
#ifndef MOESCOPE_CORE_FORMULA_H
#define MOESCOPE_CORE_FORMULA_H

#include <stdbool.h>
#include <stddef.h>

enum { FORMULA_NAME_LEN = 40 };

/* The value of a name; NAN: not known. */
typedef double formula_value_fn(void *user, const char *name);

/* The value of a formula; NAN where an operand is unknown. *ok is false when the text is no formula. */
double formula_eval(const char *text, formula_value_fn *value, void *user, bool *ok);

/* The next name of a formula that is no function, from *at on, which moves behind it. False at the end. */
bool formula_next_name(const char **at, char name[FORMULA_NAME_LEN]);

/* The text with numbers in place of names, cut to size. */
void formula_fill(const char *text, formula_value_fn *value, void *user, char *buf, size_t size);

/* A number for people: five digits, thousands as they are, powers of a thousand beyond a million; "-" for NAN. buf[32]. */
const char *formula_number(double value, char *buf);

#endif
