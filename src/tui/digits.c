#include "tui/digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DASH "\xe2\x80\x93"

/* Three significant digits, as the nearest double; at most three decimals. */
static double round_real(double v) {
    char buf[32];
    snprintf(buf, sizeof buf, "%.2e", v);
    return strtod(buf, NULL);
}

static int decimals_of(double v) { /* of a value that round_real has seen */
    double size = fabs(v);
    return size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
}

/* Digits with a space before each group of three. */
static void space_thousands(double v, char *out, size_t size) {
    char plain[32];
    snprintf(plain, sizeof plain, "%.0f", fabs(v));
    size_t n = strlen(plain), o = 0;
    if (v < 0)
        out[o++] = '-';
    for (size_t i = 0; i < n && o + 2 < size; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[o++] = ' ';
        out[o++] = plain[i];
    }
    out[o] = '\0';
}

static void split_decimals(double v, int decimals, struct digits *out) {
    char text[sizeof out->whole];
    snprintf(text, sizeof text, "%.*f", decimals, v == 0 ? 0.0 : v); /* no -0 */
    size_t whole = strcspn(text, ".");
    snprintf(out->rest, sizeof out->rest, "%.8s", text + whole);
    snprintf(out->whole, sizeof out->whole, "%.*s", (int)whole, text);
}

static void split_small(double v, struct digits *out) {
    split_decimals(v, decimals_of(v), out);
}

/* Wider than its room: 12 345 -> 12.3k. */
static void split_scaled(double v, struct digits *out) {
    static const char suffix[] = " kMGTPE";
    int power = 0;
    v = round_real(v);
    while (fabs(v) >= 1000 && suffix[power + 1])
        v /= 1000, power++;
    split_small(v, out);
    size_t n = strlen(out->rest);
    if (n + 2 <= sizeof out->rest && power > 0) {
        out->rest[n] = suffix[power];
        out->rest[n + 1] = '\0';
    }
}

void digits_split(double value, enum digits_kind kind, int room, struct digits *out) {
    out->rest[0] = '\0';
    if (!isfinite(value) || fabs(value) > 1e18) {
        snprintf(out->whole, sizeof out->whole, DASH);
        return;
    }
    if (kind == DIGITS_PERCENT && fabs(value) < 0.0995) {
        split_decimals(floor(value * 1000 + 0.5) / 10, fabs(value) < 0.0005 ? 0 : 1, out);
        return;
    }
    if (kind == DIGITS_PERCENT)
        value *= 100;
    double v = kind == DIGITS_COUNT ? floor(value + 0.5) : round_real(value);
    if (kind != DIGITS_COUNT && fabs(v) < 1000) {
        split_small(fabs(v) < 0.0005 ? 0 : v, out);
        return;
    }
    space_thousands(v, out->whole, sizeof out->whole);
    if ((int)strlen(out->whole) > room)
        split_scaled(v, out);
}

const char *digits_print(double value, enum digits_kind kind, char *buf) {
    struct digits d;
    digits_split(value, kind, 7, &d);
    snprintf(buf, DIGITS_LEN, "%s%s", d.whole, d.rest);
    return buf;
}

const char *digits_ratio(double a, double b, char *buf) {
    double ratio = b / a;
    if (!(a > 0) || ratio >= 999.5) /* a price of 0 */
        snprintf(buf, DIGITS_LEN, "over 999×");
    else if (ratio < 1.095)
        snprintf(buf, DIGITS_LEN, "%.0f %%", fmax(1, (ratio - 1) * 100));
    else
        snprintf(buf, DIGITS_LEN, "%.*f×", ratio < 9.95 ? 1 : 0, ratio);
    return buf;
}
