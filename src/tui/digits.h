/* Numbers as panes show them: three significant digits, thousands spaced, split at the decimal point for
 * alignment. */
#ifndef MOESCOPE_TUI_DIGITS_H
#define MOESCOPE_TUI_DIGITS_H

enum digits_kind {
    DIGITS_REAL,   /* three significant digits, at most three decimals */
    DIGITS_COUNT,  /* whole numbers, exact as far as they have room */
    DIGITS_PERCENT /* value 0-1 shown times 100, one decimal below 10 */
};

struct digits {
    char whole[24]; /* sign and digits before the point */
    char rest[16];  /* ".45", "k", ".3k", "" */
};

enum { DIGITS_LEN = 40 };

/* Splits a number; one whose whole part is wider than `room` cells gets a suffix k, M or G. NAN gives an en
 * dash. */
void digits_split(double value, enum digits_kind kind, int room, struct digits *out);

/* The same in one piece; buf[DIGITS_LEN]. Returns buf. */
const char *digits_print(double value, enum digits_kind kind, char *buf);

/* How many times b is of a, in words: "1.7×", "12×", or "4 %" when they are near; 0 <= a <= b.
 * buf[DIGITS_LEN]. */
const char *digits_ratio(double a, double b, char *buf);

#endif
